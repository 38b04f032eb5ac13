using Ebb.Clouds;
using Ebb.Pools;

namespace Ebb.Tests.Simulation;

/// <summary>A cloud that lets everything through, unless a test has it do otherwise.</summary>
internal sealed class Saboteur(ICloud cloud) : ICloud
{
    public Func<PoolView, int, CancellationToken, Task<GrowResult>>? Grow { get; init; }

    public Func<PoolView, IReadOnlyList<Machine>, CancellationToken, Task<RemoveResult>>? Remove { get; init; }

    public Task ChangedAsync(CancellationToken ct) => cloud.ChangedAsync(ct);

    public Task<CloudView> ReadAsync(IReadOnlySet<string> inMotion, CancellationToken ct) => cloud.ReadAsync(inMotion, ct);

    public Task<GrowResult> GrowAsync(PoolView pool, int by, CancellationToken ct) =>
        Grow is null ? cloud.GrowAsync(pool, by, ct) : Grow(pool, by, ct);

    public Task<RemoveResult> RemoveAsync(PoolView pool, IReadOnlyList<Machine> machines, CancellationToken ct) =>
        Remove is null ? cloud.RemoveAsync(pool, machines, ct) : Remove(pool, machines, ct);

    public Task OperateAsync(PoolView pool, IReadOnlyList<Machine> machines, MachineOperation operation, CancellationToken ct) =>
        cloud.OperateAsync(pool, machines, operation, ct);

    public Task<ProtectResult> ProtectAsync(PoolView pool, Machine machine, bool shielded, CancellationToken ct) =>
        cloud.ProtectAsync(pool, machine, shielded, ct);
}
