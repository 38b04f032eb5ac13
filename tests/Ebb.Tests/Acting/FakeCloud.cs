using Ebb.Clouds;
using Ebb.Pools;

namespace Ebb.Tests.Acting;

/// <summary>A cloud that answers what it is told to and notes what is asked of it.</summary>
internal sealed class FakeCloud : ICloud
{
    public List<string> Calls { get; } = [];

    public Func<GrowResult> Grow { get; set; } = () => new GrowResult.Growing(5, 3);

    public Func<RemoveResult> Remove { get; set; } = () => new RemoveResult.Removing(1);

    public Func<Machine, ProtectResult> Protect { get; set; } = _ => new ProtectResult.Done();

    public Task ChangedAsync(CancellationToken ct) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);

    public Task<CloudView> ReadAsync(IReadOnlySet<string> inMotion, CancellationToken ct) => throw new NotSupportedException();

    public Task<GrowResult> GrowAsync(PoolView pool, int by, CancellationToken ct)
    {
        Calls.Add($"grow {pool.Pool.Name} by {by}");
        return Task.FromResult(Grow());
    }

    public Task<RemoveResult> RemoveAsync(PoolView pool, IReadOnlyList<Machine> machines, CancellationToken ct)
    {
        Calls.Add($"remove {string.Join(" ", machines.Select(machine => machine.Name))} of {pool.Pool.Name}");
        return Task.FromResult(Remove());
    }

    public Task OperateAsync(PoolView pool, IReadOnlyList<Machine> machines, MachineOperation operation, CancellationToken ct) =>
        throw new NotSupportedException();

    public Task<ProtectResult> ProtectAsync(PoolView pool, Machine machine, bool shielded, CancellationToken ct)
    {
        Calls.Add($"{(shielded ? "shield" : "bare")} {machine.Name} of {pool.Pool.Name}");
        return Task.FromResult(Protect(machine));
    }
}
