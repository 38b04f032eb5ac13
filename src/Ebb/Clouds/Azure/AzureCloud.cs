using Ebb.Pools;
using Microsoft.Extensions.Logging;

namespace Ebb.Clouds.Azure;

/// <summary>How Ebb works with Azure, where it leaves a choice.</summary>
public sealed record AzureOptions
{
    /// <summary>Machines are removed without an orderly shutdown of their guest: faster. Default false.</summary>
    public bool ForceDeletion { get; init; }
}

/// <summary>The scale sets of one resource group as pools.</summary>
public sealed class AzureCloud : ICloud
{
    private readonly OperationFollower _operations;
    private readonly ScaleSetReads _reads;
    private readonly ScaleSetGrowth _growth;
    private readonly ScaleSetRemoval _removal;
    private readonly ScaleSetPower _power;
    private readonly ScaleSetShields _shields;
    private readonly ScaleSetResize _resize;

    /// <param name="http">Goes out as given, without buffering or time limit of its own: an invoker over a socket handler.</param>
    /// <param name="tokens">Gives tokens for <see cref="AzureScope.ArmEndpoint"/>; they are kept here until they end.</param>
    public AzureCloud(
        AzureScope scope,
        HttpMessageInvoker http,
        TokenSource tokens,
        AzureOptions options,
        TimeProvider time,
        Random random,
        ILogger<AzureCloud> logger)
    {
        var arm = new ArmClient(scope, http, tokens, time, random);
        var sizes = new AzureSizes(arm, time);
        _operations = new OperationFollower(arm, time, logger);
        _reads = new ScaleSetReads(arm, sizes, _operations, time);
        _growth = new ScaleSetGrowth(arm, sizes, _operations, _reads, logger);
        _removal = new ScaleSetRemoval(arm, _operations, _reads, options.ForceDeletion, logger);
        _power = new ScaleSetPower(arm, _operations, _reads, time);
        _shields = new ScaleSetShields(arm, _reads);
        _resize = new ScaleSetResize(arm, sizes, _operations, _reads, time);
    }

    /// <summary>Follows accepted operations to their end. The program holds this task; without it no failure is ever reported.</summary>
    public Task RunAsync(CancellationToken ct) => _operations.RunAsync(ct);

    public Task ChangedAsync(CancellationToken ct) => _operations.ChangedAsync(ct);

    public Task<CloudView> ReadAsync(IReadOnlySet<string> inMotion, CancellationToken ct) => _reads.ReadAsync(inMotion, ct);

    public Task<GrowResult> GrowAsync(PoolView pool, int by, CancellationToken ct) => _growth.GrowAsync(pool, by, ct);

    public Task<RemoveResult> RemoveAsync(PoolView pool, IReadOnlyList<Machine> machines, CancellationToken ct) =>
        machines.Count == 0 ? Task.FromResult<RemoveResult>(new RemoveResult.Removing(0)) : _removal.RemoveAsync(pool.Pool, machines, ct);

    public Task OperateAsync(PoolView pool, IReadOnlyList<Machine> machines, MachineOperation operation, CancellationToken ct) =>
        _power.OperateAsync(pool.Pool, machines, operation, ct);

    /// <summary>Whether the machine can come to what its pool says now: one of a flexible scale set keeps what it was made with.</summary>
    public static bool CanUpgrade(Machine machine) => !ScaleSets.IsFlexible(machine);

    /// <summary>Gives a pool another size; machines that are there keep theirs until <see cref="MachineOperation.Upgrade"/>.</summary>
    /// <returns>False when the pool has that size already.</returns>
    public Task<bool> ResizeAsync(PoolView pool, string size, CancellationToken ct) => _resize.ResizeAsync(pool, size, ct);

    public Task<ProtectResult> ProtectAsync(PoolView pool, Machine machine, bool shielded, CancellationToken ct) =>
        _shields.ProtectAsync(pool.Pool, machine, shielded, ct);
}
