using System.Collections.Immutable;
using Ebb.Cli.Operating;
using Ebb.Clouds;

namespace Ebb.Tests.Cli.Operating;

/// <summary>
/// Every request of a command on machines that changes something, at the cloud and at the API server, struck by every kind of trouble:
/// the same command once more finishes, nothing of it stays on a node, no work is lost, and no machine.
/// </summary>
[Trait("Suite", "sim")]
public class OperateFaultTests
{
    private const string Size = "Standard_D8s_v5";

    public static TheoryData<string> Commands => ["reimage --serial", "reimage", "reimage data", "reimage image --serial", "restart --serial", "restart", "stop", "start", "resize --serial", "resize", "chaos"];

    [Theory]
    [MemberData(nameof(Commands))]
    public void The_same_command_once_more_finishes_whatever_became_of_any_request(string command)
    {
        var operation = Request(command).Operation;
        List<string> wrong = [];
        foreach (var (at, call, trouble) in Strikes(command))
        {
            using var farm = Farm(command);
            var machines = farm.Machines.ToList();
            var web = farm.Pods.Count(pod => pod.Metadata.Name.StartsWith("web", StringComparison.Ordinal));

            var struck = Run(farm, command, new Misfortune(at, trouble));
            var heldAfterwards = farm.Held.ToList();
            if (at % 2 == 1 || operation is MachineOperation.Start)
            {
                // Nobody is there to run it again at once: the controller has time for a mistake.
                farm.Pass(minutes: 30);
            }

            var again = Run(farm, command);

            var passes = trouble == "too many" || (trouble == "answer lost" && call.StartsWith("cloud POST ", StringComparison.Ordinal)) || (call.StartsWith("kubernetes ", StringComparison.Ordinal) && trouble != "crash");
            var story = $"{command}, {trouble} at {call}";
            wrong.AddRange(Judge(farm, command, again).Select(what => $"{story}: {what}"));
            if (passes && (struck.Failure is not null || struck.Result.Any(machine => machine.Outcome != "done")))
            {
                wrong.Add($"{story}: it ended with {struck.Failure?.Message ?? string.Join(", ", struck.Result.Select(machine => machine.Outcome))}, though this passes");
            }

            // Those that are off are held until they are started.
            var mayBeOff = operation is MachineOperation.Deallocate || (operation is MachineOperation.Start && struck.Result.IsDefault is false && struck.Result.Any(machine => machine.Outcome == "failed"));
            if (!struck.Killed && !mayBeOff && heldAfterwards.Count > 0)
            {
                wrong.Add($"{story}: it ended ({struck.Failure?.Message ?? "well"}) and left held {string.Join(", ", heldAfterwards)}");
            }

            farm.Pass(minutes: 60);
            wrong.AddRange(Lost(farm, machines, web).Select(what => $"{story}: {what}"));
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData("reimage --serial")]
    [InlineData("reimage image")]
    [InlineData("restart")]
    [InlineData("stop")]
    [InlineData("start")]
    [InlineData("resize")]
    [InlineData("chaos")]
    public void A_read_that_fails_costs_no_command_its_end(string command)
    {
        var clean = new Misfortune();
        using (var farm = Farm(command))
        {
            Run(farm, command, clean);
        }

        List<string> wrong = [];
        foreach (var (call, at, trouble) in clean.ReadStrikes)
        {
            using var farm = Farm(command);
            var machines = farm.Machines.ToList();
            var web = farm.Pods.Count(pod => pod.Metadata.Name.StartsWith("web", StringComparison.Ordinal));

            var ended = Run(farm, command, new Misfortune(at, trouble, ofReads: true));

            wrong.AddRange(Judge(farm, command, ended).Select(what => $"{command}, {trouble} at {call}: {what}"));
            farm.Pass(minutes: 60);
            wrong.AddRange(Lost(farm, machines, web).Select(what => $"{command}, {trouble} at {call}: {what}"));
        }

        Assert.Contains(clean.Reads, read => read.StartsWith("cloud ", StringComparison.Ordinal));
        Assert.Contains(clean.Reads, read => read.StartsWith("kubernetes ", StringComparison.Ordinal));
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static IEnumerable<string> Judge(FarmCase farm, string command, Ended<ImmutableArray<OperationOutcome>> again)
    {
        if (again.Failure is { } failure)
        {
            yield return $"it fails: {failure.Message}";
            yield break;
        }

        foreach (var machine in again.Result.Where(machine => machine.Outcome != "done"))
        {
            yield return $"{machine.Machine} is {machine.Outcome}: {machine.Why}";
        }

        if (command == "stop")
        {
            foreach (var machine in farm.Set.Instances.Values.Where(machine => machine.Power != Ebb.Sandbox.Cloud.PowerState.Deallocated))
            {
                yield return $"{machine.Name} is {machine.Power}";
            }

            // They are held until they are started.
            farm.Pass(minutes: 30);
            if (Run(farm, "start").Failure is { } start)
            {
                yield return $"start fails: {start.Message}";
            }
        }
        else if (command != "start" && farm.NotAnew.ToList() is { Count: > 0 } old)
        {
            yield return $"not begun anew: {string.Join(", ", old)}";
        }

        if (command.StartsWith("resize", StringComparison.Ordinal))
        {
            foreach (var machine in farm.Set.Instances.Values.Where(machine => machine.Size != Size))
            {
                yield return $"{machine.Name} is of size {machine.Size}";
            }
        }

        foreach (var machine in command.StartsWith("reimage", StringComparison.Ordinal) ? farm.Behind : [])
        {
            yield return $"{machine} is of the model before";
        }

        foreach (var node in farm.Held)
        {
            yield return $"{node} is still held";
        }
    }

    private static IEnumerable<string> Lost(FarmCase farm, List<string> machines, int wanted)
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
        if (running != wanted)
        {
            yield return $"{running} pods of 'web' run instead of {wanted}";
        }
    }

    /// <summary>Each write of a run without trouble with each trouble that its side knows.</summary>
    private static IEnumerable<(int At, string Call, string Trouble)> Strikes(string command)
    {
        var clean = new Misfortune();
        using (var farm = Farm(command))
        {
            var ended = Run(farm, command, clean);
            Assert.All(ended.Result, machine => Assert.Equal("done", machine.Outcome));
        }

        Assert.NotEmpty(clean.Writes);

        // The first and, of reimaging, which does all that others do, the last of each: what is refused by a budget is sent again and again.
        var both = command.StartsWith("reimage", StringComparison.Ordinal);
        return
            from write in both ? clean.Ends : clean.Ends.DistinctBy(write => write.Call)
            from trouble in Misfortune.Of(write.Call)
            select (write.At, write.Call, trouble);
    }

    private static FarmCase Farm(string command)
    {
        var farm = command == "chaos" ? new FarmCase(3, busy: 1) : new FarmCase();
        if (command == "start")
        {
            Assert.Null(Run(farm, "stop").Failure);
        }

        if (command.StartsWith("reimage ", StringComparison.Ordinal) && command != "reimage --serial")
        {
            // Another image is two fresh disks, and so two nodes by one name: one for the upgrade, one for the reimage.
            var image = command.Contains(" image", StringComparison.Ordinal);
            farm.JoinsWithin = image ? TimeSpan.FromSeconds(30) : null;
            farm.Change(image);
            farm.Pass(minutes: 1);
        }

        return farm;
    }

    private static Ended<ImmutableArray<OperationOutcome>> Run(FarmCase farm, string command, Misfortune? misfortune = null) =>
        command.StartsWith("resize", StringComparison.Ordinal) ? farm.Resize(Size, Request(command), misfortune) : farm.Operate(Request(command), misfortune);

    /// <summary>As the command line reads it.</summary>
    private static OperationRequest Request(string command)
    {
        var request = new OperationRequest
        {
            Operation = command.Split(' ')[0] switch
            {
                "reimage" => MachineOperation.Reimage,
                "stop" => MachineOperation.Deallocate,
                "start" => MachineOperation.Start,
                "resize" => MachineOperation.Upgrade,
                _ => MachineOperation.Restart,
            },
            Pool = FarmCase.Pool,
            AtOnce = command.EndsWith(" --serial", StringComparison.Ordinal) ? 1 : int.MaxValue,
        };
        return command == "chaos" ? request with { AtOnce = 2, Seed = 7, Pause = TimeSpan.FromSeconds(30) } : request;
    }
}
