using System.Diagnostics;
using Ebb.Planning;

namespace Ebb.Benchmarks;

/// <summary>One look at everything with a goal: the best of some runs, what they allocated, and whether the goal is met.</summary>
internal static class Quick
{
    private static readonly Policy Policy = new();

    public static void Run(TextWriter to)
    {
        to.WriteLine($"{"what",-52} {"goal",10} {"first",10} {"best",10} {"allocated",12}");
        var packing = PlannerCases.Packing();
        var machines = 0;
        Measure(to, "pack 51,000 pods", "250 ms", 10, _ => machines = Planner.Plan(packing, Policy).Decisions.OfType<Decision.Grow>().Sum(grow => grow.By));
        to.WriteLine($"{"  machines",-52} {"2595",10} {"",10} {machines,10}");

        var nowhere = PlannerCases.Nowhere();
        Measure(to, "1,000 nodes, 12,000 pods that fit nowhere", "50 ms", 10, _ => Planner.Plan(nowhere, Policy));

        var small = PlannerCases.Steady(300, 30);
        Measure(to, "300 nodes, 9,000 pods: after one change", "5 ms", 50, round => AfterOneChange(small, round));

        var before = Heap();
        var clock = TimeProvider.System;
        var started = clock.GetTimestamp();
        var large = PlannerCases.Steady(5_000, 30);
        var read = clock.GetElapsedTime(started);
        var largeSnapshot = PlannerCases.Take(large, 0);
        Measure(to, "5,000 nodes, 150,000 pods: full plan", "500 ms", 10, _ => Planner.Plan(largeSnapshot, Policy));
        Measure(to, "5,000 nodes, 150,000 pods: after one change", "20 ms", 50, round => AfterOneChange(large, round));
        to.WriteLine($"{"  reading it all in",-52} {"",10} {"",10} {read.TotalMilliseconds,7:0} ms");
        to.WriteLine($"{"  held in memory",-52} {"",10} {"",10} {(Heap() - before) >> 20,6} MiB");
        using var process = Process.GetCurrentProcess();
        process.Refresh();
        to.WriteLine($"{"  resident, all of the above and the runtime",-52} {"400 MB",10} {"",10} {process.WorkingSet64 / 1_000_000,7} MB");
        GC.KeepAlive(large.State);
    }

    private static void AfterOneChange((Acting.ClusterState State, Clouds.CloudView Cloud) cluster, int round)
    {
        PlannerCases.Change(cluster.State, 3, ended: round % 2 == 0);
        Planner.Plan(PlannerCases.Take(cluster, round), Policy);
    }

    private static void Measure(TextWriter to, string what, string goal, int rounds, Action<int> run)
    {
        var clock = TimeProvider.System;
        var first = 0.0;
        var best = double.MaxValue;
        long allocated = 0;
        for (var round = 0; round < rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var started = clock.GetTimestamp();
            run(round);
            var took = clock.GetElapsedTime(started).TotalMilliseconds;
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            first = round == 0 ? took : first;
            best = Math.Min(best, took);
        }

        to.WriteLine($"{what,-52} {goal,10} {first,7:0.0} ms {best,7:0.0} ms {allocated / 1e6,9:0.0} MB");
    }

    private static long Heap() => GC.GetTotalMemory(forceFullCollection: true);
}
