using System.Collections.Immutable;
using Ebb.Cli.Operating;
using Ebb.Clouds;

namespace Ebb.Tests.Cli.Operating;

/// <summary>
/// Every request of a command on machines that changes something, at the cloud and at the API server, struck by every kind of trouble:
/// the same command once more finishes, nothing of it stays on a node, no work is lost, and no machine.
/// </summary>
public class OperateFaultTests
{
    public static TheoryData<MachineOperation, bool> Commands => new()
    {
        { MachineOperation.Reimage, true },
        { MachineOperation.Reimage, false },
        { MachineOperation.Restart, true },
        { MachineOperation.Deallocate, false },
        { MachineOperation.Start, false },
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public void The_same_command_once_more_finishes_whatever_became_of_any_request(MachineOperation operation, bool serial)
    {
        var request = Request(operation, serial);
        List<string> wrong = [];
        foreach (var (at, call, trouble) in Strikes(request))
        {
            using var farm = Farm(operation);
            var machines = farm.Machines.ToList();

            var struck = farm.Operate(request, new Misfortune(at, trouble));
            var heldAfterwards = farm.Held.ToList();
            if (at % 2 == 1 || operation is MachineOperation.Start)
            {
                // Nobody is there to run it again at once: the controller has time for a mistake.
                farm.Pass(minutes: 30);
            }

            var again = farm.Operate(request);

            var passes = trouble == "too many" || (call.StartsWith("kubernetes ", StringComparison.Ordinal) && trouble != "crash");
            var story = $"{operation} {(serial ? "serial" : "parallel")}, {trouble} at {call}";
            wrong.AddRange(Judge(farm, operation, again).Select(what => $"{story}: {what}"));
            if (passes && (struck.Failure is not null || struck.Result.Any(machine => machine.Outcome != "done")))
            {
                wrong.Add($"{story}: it ended with {struck.Failure?.Message ?? string.Join(", ", struck.Result.Select(machine => machine.Outcome))}, though this passes");
            }

            // Those that are off, and may still be, are held until they are started.
            var mayBeOff = operation is MachineOperation.Deallocate || (operation is MachineOperation.Start && (struck.Failure is not null || trouble == "operation fails"));
            if (!struck.Killed && !mayBeOff && heldAfterwards.Count > 0)
            {
                wrong.Add($"{story}: it ended ({struck.Failure?.Message ?? "well"}) and left held {string.Join(", ", heldAfterwards)}");
            }

            farm.Pass(minutes: 60);
            wrong.AddRange(Lost(farm, machines).Select(what => $"{story}: {what}"));
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static IEnumerable<string> Judge(FarmCase farm, MachineOperation operation, Ended<ImmutableArray<OperationOutcome>> again)
    {
        if (again.Failure is { } failure)
        {
            yield return $"run again it fails: {failure.Message}";
            yield break;
        }

        foreach (var machine in again.Result.Where(machine => machine.Outcome != "done"))
        {
            yield return $"run again, {machine.Machine} is {machine.Outcome}: {machine.Why}";
        }

        if (operation is MachineOperation.Deallocate)
        {
            foreach (var machine in farm.Set.Instances.Values.Where(machine => machine.Power != Ebb.Sandbox.Cloud.PowerState.Deallocated))
            {
                yield return $"{machine.Name} is {machine.Power}";
            }

            // They are held until they are started.
            farm.Pass(minutes: 30);
            if (farm.Operate(Request(MachineOperation.Start, serial: false)).Failure is { } start)
            {
                yield return $"start fails: {start.Message}";
            }
        }
        else if (operation is not MachineOperation.Start && farm.NotAnew.ToList() is { Count: > 0 } old)
        {
            yield return $"not begun anew: {string.Join(", ", old)}";
        }

        foreach (var node in farm.Held)
        {
            yield return $"{node} is still held";
        }
    }

    private static IEnumerable<string> Lost(FarmCase farm, List<string> machines)
    {
        foreach (var lost in farm.Interrupted)
        {
            yield return $"work was lost: {lost}";
        }

        if (!farm.Machines.SequenceEqual(machines))
        {
            yield return $"the machines were {string.Join(", ", machines)} and are {string.Join(", ", farm.Machines)}";
        }

        var running = farm.Pods.Count(pod => pod.Status?.Phase == "Running");
        if (running != machines.Count)
        {
            yield return $"{running} pods of 'web' run";
        }
    }

    /// <summary>Each write of a run without trouble with each trouble that its side knows.</summary>
    private static IEnumerable<(int At, string Call, string Trouble)> Strikes(OperationRequest request)
    {
        var clean = new Misfortune();
        using (var farm = Farm(request.Operation))
        {
            var ended = farm.Operate(request, clean);
            Assert.All(ended.Result, machine => Assert.Equal("done", machine.Outcome));
        }

        Assert.NotEmpty(clean.Writes);

        // The first and the last of each: what is refused by a budget is sent again and again.
        return
            from alike in clean.Writes.Select((call, at) => (call, at)).GroupBy(write => write.call)
            from write in new[] { alike.First(), alike.Last() }.Distinct()
            from trouble in write.call.StartsWith("cloud ", StringComparison.Ordinal) ? Misfortune.OfCloud : Misfortune.OfKubernetes
            select (write.at, write.call, trouble);
    }

    private static FarmCase Farm(MachineOperation operation)
    {
        var farm = new FarmCase();
        if (operation is MachineOperation.Start)
        {
            Assert.Null(farm.Operate(Request(MachineOperation.Deallocate, serial: false)).Failure);
        }

        return farm;
    }

    private static OperationRequest Request(MachineOperation operation, bool serial) =>
        new() { Operation = operation, Pool = FarmCase.Pool, AtOnce = serial ? 1 : int.MaxValue };
}
