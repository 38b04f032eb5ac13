using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Pools;

namespace Ebb.Tests.Joining.Lab;

/// <summary>A cloud that has the machines it is given.</summary>
internal sealed class MemberCloud : ICloud
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Machine> _machines = [];

    public int Reads { get; private set; }

    public Exception? Fails { get; set; }

    /// <summary>How many reads were begun.</summary>
    public int Asked { get; private set; }

    /// <summary>Reads are answered when this is over.</summary>
    public Task Held { get; set; } = Task.CompletedTask;

    public bool Complete { get; set; } = true;

    public ImmutableSortedDictionary<string, string> Labels { get; set; } = ImmutableSortedDictionary<string, string>.Empty;

    public ImmutableArray<Ebb.Scheduling.Taint> Taints { get; set; } = [];

    public void Put(Machine machine)
    {
        lock (_lock)
        {
            _machines[machine.ProviderId] = machine;
        }
    }

    public void Remove(Machine machine)
    {
        lock (_lock)
        {
            _machines.Remove(machine.ProviderId);
        }
    }

    public async Task<CloudView> ReadAsync(IReadOnlySet<string> inMotion, CancellationToken ct)
    {
        Asked++;
        await Held.WaitAsync(ct);
        lock (_lock)
        {
            Reads++;
            if (Fails is { } failure)
            {
                throw failure;
            }

            var now = TimeProvider.System.GetUtcNow();
            return new CloudView
            {
                ReadAt = now,
                Complete = Complete,
                Pools =
                [
                    .. _machines.Values.GroupBy(machine => machine.Pool).Select(group => new PoolView
                    {
                        Pool = PoolOf(group.Key),
                        Capacity = group.Count(),
                        Machines = [.. group],
                        MachinesReadAt = now,
                    }),
                ],
            };
        }
    }

    public Task ChangedAsync(CancellationToken ct) => throw new NotSupportedException();

    public Task<GrowResult> GrowAsync(PoolView pool, int by, CancellationToken ct) => throw new NotSupportedException();

    public Task<RemoveResult> RemoveAsync(PoolView pool, IReadOnlyList<Machine> machines, CancellationToken ct) => throw new NotSupportedException();

    public Task OperateAsync(PoolView pool, IReadOnlyList<Machine> machines, MachineOperation operation, CancellationToken ct) =>
        throw new NotSupportedException();

    public Task<ProtectResult> ProtectAsync(PoolView pool, Machine machine, bool shielded, CancellationToken ct) => throw new NotSupportedException();

    private Pool PoolOf(string name) => new()
    {
        Name = name,
        CloudId = $"/subscriptions/{JoinLab.Subscription}/resourceGroups/farm/providers/Microsoft.Compute/virtualMachineScaleSets/{name}",
        Size = "Standard_D4s_v5",
        Shape = new NodeShape
        {
            Capacity = Ebb.Pools.Resources.None,
            Allocatable = Ebb.Pools.Resources.None,
            Labels = Labels.SetItem(Marks.Pool, name).SetItem("kubernetes.io/os", "linux").SetItem("topology.kubernetes.io/region", "eastus"),
            Taints = Taints,
        },
    };
}
