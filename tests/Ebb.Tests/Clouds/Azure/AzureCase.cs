using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Clouds.Azure;

/// <summary>An <see cref="AzureCloud"/> over a scripted resource manager, on virtual time, with its loop running.</summary>
internal sealed class AzureCase
{
    private readonly Runner _runner = new(new VirtualTime());

    public AzureCase(AzureOptions? options = null)
    {
        Cloud = new AzureCloud(
            new AzureScope("sub-1", "Farm", null, new Uri(ScriptedArm.Endpoint)),
            new HttpMessageInvoker(Arm),
            _ => ValueTask.FromResult(new AccessToken($"token-{++Tokens}", Time.GetUtcNow() + TokenLife)),
            options ?? new AzureOptions(),
            Time,
            new Random(1),
            NullLogger<AzureCloud>.Instance);
        _runner.Start(() => Cloud.RunAsync(CancellationToken.None));
    }

    public ScriptedArm Arm { get; } = new();

    public AzureCloud Cloud { get; }

    public VirtualTime Time => _runner.Time;

    public int Tokens { get; private set; }

    public TimeSpan TokenLife { get; set; } = TimeSpan.FromHours(24);

    public void Pass(TimeSpan span) => _runner.Run(span);

    /// <summary>Something happens after a while.</summary>
    public void Later(TimeSpan after, Action what) => _runner.Start(async () =>
    {
        await Task.Delay(after, Time);
        what();
    });

    public T Do<T>(Func<AzureCloud, Task<T>> what) => _runner.Complete(() => what(Cloud), TimeSpan.FromHours(1));

    public void Do(Func<AzureCloud, Task> what) => _runner.Complete(() => what(Cloud), TimeSpan.FromHours(1));

    public CloudView Read(params string[] inMotion) => Do(c => c.ReadAsync(inMotion.ToHashSet(), CancellationToken.None));

    public PoolView Pool(string name = "agents") => Read().Pools.Single(p => p.Pool.Name == name);

    public GrowResult Grow(PoolView pool, int by) => Do(c => c.GrowAsync(pool, by, CancellationToken.None));

    public RemoveResult Remove(PoolView pool, params int[] ids) =>
        Do(c => c.RemoveAsync(pool, [.. pool.Machines.Where(m => ids.Contains(int.Parse(m.Id)))], CancellationToken.None));

    /// <summary>How long it takes from now until the cloud says that something changed.</summary>
    public TimeSpan UntilChanged()
    {
        var start = Time.GetUtcNow();
        Do(c => c.ChangedAsync(CancellationToken.None));
        return Time.GetUtcNow() - start;
    }
}
