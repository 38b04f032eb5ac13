using System.Collections.Immutable;
using Ebb.Sandbox.Cloud;
using static Ebb.Simulation.Scenarios.ScenarioMaker;

namespace Ebb.Simulation.Scenarios;

/// <summary>Draws what goes wrong in a scenario.</summary>
internal static class TroubleMaker
{
    public static List<Happening> Draw(
        Random random, ImmutableArray<(string Name, ScaleSetSpec Spec)> pools, out int controllers)
    {
        controllers = Chance(random, 0.3) ? 2 : 1;
        var trouble = new List<Happening>();
        for (var left = random.Next(12); left > 0; left--)
        {
            trouble.AddRange(OneTrouble(random, Calm * 0.95 * random.NextDouble(), pools[random.Next(pools.Length)].Name, random.Next(controllers)));
        }

        return trouble;
    }

    private static IEnumerable<Happening> OneTrouble(Random random, TimeSpan at, string pool, int controller)
    {
        var span = TimeSpan.FromMinutes(1 + (9 * random.NextDouble()));
        switch (random.Next(10))
        {
            case 0 or 1:
                return [new Happening.Crash(at, controller, span * random.NextDouble())];
            case 2:
                return [new Happening.Restart(at, controller)];
            case 3:
                return [new Happening.ApiServer(at, Down: true), new Happening.ApiServer(at + (0.3 * span), Down: false)];
            case 4:
                return
                [
                    new Happening.BadNetwork(at, 0.3 * random.NextDouble(), 0.2 * random.NextDouble()),
                    new Happening.BadNetwork(at + span, 0, 0),
                ];
            case 5:
                return [new Happening.CutWatches(at)];
            case 6:
                return
                [
                    new Happening.Shortage(at, [new Availability { Priority = Priority.Spot, Machines = random.Next(3), Answer = (Shortage)random.Next(3) }]),
                    new Happening.Shortage(at + (2 * span), []),
                ];
            default:
                return [new Happening.CloudFault(at, CloudFaultOf(random, pool, span))];
        }
    }

    private static Fault CloudFaultOf(Random random, string pool, TimeSpan span)
    {
        var kind = (FaultKind)random.Next(Enum.GetValues<FaultKind>().Length);
        var onInstances = kind is FaultKind.StuckCreating or FaultKind.FailedInstance or FaultKind.NeverBoots or FaultKind.SlowBoot;
        return new Fault
        {
            // A machine that never leaves Deleting is the cloud's to mend: nothing that Ebb could do is to be seen.
            Kind = kind is FaultKind.StuckDeleting ? FaultKind.StaleList : kind,
            Pool = Chance(random, 0.5) ? pool : null,
            On = onInstances ? null : Pick(random, Calls),
            Probability = onInstances ? 0.5 : 0.2 + (0.8 * random.NextDouble()),
            Count = random.Next(1, onInstances ? 4 : 12),
            Code = kind is FaultKind.FailOperation ? "AllocationFailed" : "InternalServerError",
            Span = kind is FaultKind.StaleList ? span * 0.3 : span,
        };
    }

    private static readonly CallKind?[] Calls =
    [
        CallKind.ListScaleSets, CallKind.GetScaleSet, CallKind.PutScaleSet, CallKind.PatchScaleSet, CallKind.ListInstances,
        CallKind.DeleteInstances, CallKind.GetOperation, CallKind.ListUsages, null,
    ];
}
