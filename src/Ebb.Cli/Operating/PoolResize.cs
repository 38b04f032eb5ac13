using System.Collections.Immutable;
using System.Net;
using Ebb.Cli.Definition;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Pools;

namespace Ebb.Cli.Operating;

/// <summary>Gives a pool another size; its machines have it once they are upgraded.</summary>
internal static class PoolResize
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    /// <param name="machinesToo">Whether those that are there are to have the size.</param>
    /// <exception cref="EbbException">Azure does not do that: says what can be done.</exception>
    public static void RequirePossible(PoolView view, string size, bool machinesToo)
    {
        var pool = view.Pool;
        if (pool.Priority is Priority.Spot && ClusterRules.NeverSpot(size) is { } why)
        {
            throw new EbbException($"Pool '{pool.Name}' has spot machines, and Azure sells no {size} as spot: {why}.");
        }

        if (machinesToo && view.Machines.FirstOrDefault(m => !AzureCloud.CanUpgrade(m) && !m.Size.Equals(size, StringComparison.OrdinalIgnoreCase)) is { } machine)
        {
            throw new EbbException(
                $"Pool '{pool.Name}' is a flexible scale set: its machine '{machine.Name}' keeps the size that it was made with. "
                + $"With --new-only the pool buys {size} from now on, and machines have it once they are replaced.");
        }
    }

    /// <summary>What is to be done to the machines then.</summary>
    public static OperationRequest Machines(OperationRequest request, string pool, string size) => request with
    {
        Operation = MachineOperation.Upgrade,
        Pool = pool,

        // One that just gets it, for a command that was killed, starts anew still: its node stays held until then.
        Needless = candidate => !candidate.Machine.Changing && candidate.Machine.Size.Equals(size, StringComparison.OrdinalIgnoreCase),
    };

    /// <summary>Until Azure has taken it up: machines that are upgraded before might get the size of before.</summary>
    /// <param name="cloud">Its operations are followed meanwhile.</param>
    /// <returns>False when the pool has that size already.</returns>
    /// <exception cref="CloudException">Azure could not do it, and says why.</exception>
    /// <exception cref="EbbException">The size has no room for the system disks of a pool that has them on its hosts.</exception>
    public static async Task<bool> RunAsync(AzureCloud cloud, PoolView view, string size, TimeProvider time, CancellationToken ct)
    {
        if (!await ResizeAsync(cloud, view, size, ct))
        {
            return false;
        }

        var name = view.Pool.Name;
        while (true)
        {
            await Task.Delay(LookEvery, time, ct);
            if (await LookAsync(cloud, name, ct) is not { } now)
            {
                continue;
            }

            if (now.OperationFailures.FirstOrDefault(failure => failure.Machine is null) is { } failure)
            {
                throw new CloudException($"Pool '{name}' could not be given size {size}: {failure.Code}: {failure.Message} Its machines were left as they are.", code: failure.Code);
            }

            if (now.InFlight.IsEmpty)
            {
                return true;
            }
        }
    }

    private static async Task<bool> ResizeAsync(AzureCloud cloud, PoolView view, string size, CancellationToken ct)
    {
        try
        {
            return await cloud.ResizeAsync(view, size, ct);
        }
        catch (CloudException e) when (e.Code is "NotSupported" && view.Pool.LocalDisk)
        {
            throw new EbbException(
                $"{e.Message.TrimEnd('.')}. A pool whose system disks are on its hosts keeps to sizes that have room for them. "
                + "For another kind of disk write the size in ebb.yaml: 'ebb up' makes the scale set anew.",
                e);
        }
    }

    private static async Task<PoolView?> LookAsync(AzureCloud cloud, string pool, CancellationToken ct)
    {
        try
        {
            return (await cloud.ReadAsync(ImmutableHashSet<string>.Empty, ct)).Pools.FirstOrDefault(p => p.Pool.Name == pool);
        }
        catch (CloudException e) when (e.MayBeDone || e.Status is HttpStatusCode.TooManyRequests)
        {
            return null;
        }
    }
}
