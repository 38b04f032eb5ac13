using Ebb.Clouds;
using Ebb.Pools;

namespace Ebb.Benchmarks.Scenes;

/// <summary>A cloud with one pool of machines that run, which is only read.</summary>
internal sealed class JoiningCloud(int machines, string subscription) : ICloud
{
    private readonly string _set = $"/subscriptions/{subscription}/resourceGroups/farm/providers/Microsoft.Compute/virtualMachineScaleSets/agents";
    private int _reads;

    public int Reads => _reads;

    public static string VmIdOf(int machine) => new Guid(machine, 7, 7, 0, 0, 0, 0, 0, 0, 0, 1).ToString();

    public Task<CloudView> ReadAsync(IReadOnlySet<string> inMotion, CancellationToken ct)
    {
        Interlocked.Increment(ref _reads);
        var now = TimeProvider.System.GetUtcNow();
        return Task.FromResult(new CloudView
        {
            ReadAt = now,
            Complete = true,
            Pools =
            [
                new PoolView
                {
                    Pool = new Pool
                    {
                        Name = "agents",
                        CloudId = _set,
                        Size = "Standard_D4s_v5",
                        Shape = new NodeShape { Capacity = Resources.None, Allocatable = Resources.None },
                    },
                    Capacity = machines,
                    Machines = [.. Enumerable.Range(0, machines).Select(Of)],
                    MachinesReadAt = now,
                },
            ],
        });
    }

    public Task ChangedAsync(CancellationToken ct) => throw new NotSupportedException();

    public Task<GrowResult> GrowAsync(PoolView pool, int by, CancellationToken ct) => throw new NotSupportedException();

    public Task<RemoveResult> RemoveAsync(PoolView pool, IReadOnlyList<Machine> machines, CancellationToken ct) => throw new NotSupportedException();

    public Task OperateAsync(PoolView pool, IReadOnlyList<Machine> machines, MachineOperation operation, CancellationToken ct) => throw new NotSupportedException();

    public Task<ProtectResult> ProtectAsync(PoolView pool, Machine machine, bool shielded, CancellationToken ct) => throw new NotSupportedException();

    private Machine Of(int number) => new()
    {
        Id = $"{number}",
        Pool = "agents",
        Name = $"agents_{number}",
        ProviderId = $"azure://{_set}/virtualMachines/{number}",
        State = MachineState.Running,
        HostName = $"agents{number:D6}",
        VmId = VmIdOf(number),
        Size = "Standard_D4s_v5",
    };
}
