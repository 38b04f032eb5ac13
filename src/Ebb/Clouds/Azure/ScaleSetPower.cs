using System.Net;
using Ebb.Pools;

namespace Ebb.Clouds.Azure;

/// <summary>Starts and stops machines.</summary>
internal sealed class ScaleSetPower(ArmClient arm, OperationFollower operations, ScaleSetReads reads, TimeProvider time)
{
    // A person who works on machines has this much patience with a subscription that is asked too much.
    public static readonly TimeSpan MostWait = TimeSpan.FromMinutes(10);

    public async Task OperateAsync(Pool pool, IReadOnlyList<Machine> machines, MachineOperation operation, CancellationToken ct)
    {
        if (machines.Count == 0)
        {
            return;
        }

        var (action, kind) = operation switch
        {
            MachineOperation.Start => ("start", "start"),
            MachineOperation.PowerOff => ("poweroff", "power off"),
            MachineOperation.Deallocate => ("deallocate", "deallocate"),
            MachineOperation.Restart => ("restart", "restart"),
            MachineOperation.Reimage => ("reimage", "reimage"),
            MachineOperation.Upgrade => ("manualupgrade", CloudOperation.Upgrade),
            _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, null),
        };

        // Azure counts what takes machines away with the deletes.
        var family = operation is MachineOperation.PowerOff or MachineOperation.Deallocate ? ArmFamily.Deletes : ArmFamily.Writes;
        var ids = ScaleSets.InstanceIds(pool, machines, newImage: operation is MachineOperation.Reimage && pool.LocalDisk);
        if (!ScaleSets.IsFlexible(machines[0]))
        {
            await SendAsync(pool, machines, kind, new ArmCall(HttpMethod.Post, ScaleSets.Address(arm, pool, "/" + action), family, ids), ct);
            return;
        }

        if (operation is MachineOperation.Upgrade)
        {
            throw new EbbException($"Pool '{pool.Name}' is a flexible scale set: its machines keep what they were made with. Remove them, and new ones have what the pool says now.");
        }

        // A flexible set has no call for several.
        foreach (var machine in machines)
        {
            await SendAsync(pool, [machine], kind, new ArmCall(HttpMethod.Post, ScaleSets.AddressOf(arm, machine, "/" + action), family), ct);
        }
    }

    private async Task SendAsync(Pool pool, IReadOnlyList<Machine> machines, string kind, ArmCall call, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var answer = await arm.SendAsync(call, ct);
        while (answer is ArmAnswer.Throttled throttled && time.GetElapsedTime(started) + throttled.RetryAfter <= MostWait)
        {
            await Task.Delay(throttled.RetryAfter, time, ct);
            answer = await arm.SendAsync(call, ct);
        }

        // Not sent again when lost: a second restart or reimage does harm.
        Accepted(pool, machines, kind, answer as ArmAnswer.Ok ?? throw answer.ToException($"To {kind} {Names(machines)}"));
    }

    private void Accepted(Pool pool, IReadOnlyList<Machine> machines, string kind, ArmAnswer.Ok ok)
    {
        reads.Touched(pool);
        if (ok.Poll is null && ok.Status is not HttpStatusCode.Accepted)
        {
            operations.LookAgain(pool);
        }
        else
        {
            operations.Follow(new AzureOperation { Pool = pool, Kind = kind, Machines = machines.Count, For = [.. machines.Select(m => m.Id)], Poll = ok.Poll }, ok.RetryAfter);
        }
    }

    private static string Names(IReadOnlyList<Machine> machines) =>
        string.Join(", ", machines.Take(5).Select(m => m.Name)) + (machines.Count > 5 ? $" and {machines.Count - 5} more" : "");
}
