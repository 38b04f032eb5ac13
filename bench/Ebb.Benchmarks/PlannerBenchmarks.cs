using BenchmarkDotNet.Attributes;
using Ebb.Acting;
using Ebb.Clouds;
using Ebb.Planning;

namespace Ebb.Benchmarks;

/// <summary>What a plan costs; see docs/performance.md for the goals.</summary>
[MemoryDiagnoser]
public class PlannerBenchmarks
{
    private static readonly Policy Policy = new();
    private Snapshot _packing = null!;
    private Snapshot _nowhere = null!;
    private (ClusterState State, CloudView Cloud) _small;
    private (ClusterState State, CloudView Cloud) _large;
    private Snapshot _largeSnapshot = null!;
    private int _round;

    [GlobalSetup]
    public void Setup()
    {
        _packing = PlannerCases.Packing();
        _nowhere = PlannerCases.Nowhere();
        _small = PlannerCases.Steady(300, 30);
        _large = PlannerCases.Steady(5_000, 30);
        _largeSnapshot = PlannerCases.Take(_large, 0);
    }

    [Benchmark(Description = "Pack 51,000 pods")]
    public Plan Pack() => Planner.Plan(_packing, Policy);

    [Benchmark(Description = "1,000 nodes, 12,000 pods that fit nowhere")]
    public Plan FitNowhere() => Planner.Plan(_nowhere, Policy);

    [Benchmark(Description = "Steady loop: 300 nodes, 9,000 pods")]
    public Plan Steady() => AfterOneChange(_small);

    [Benchmark(Description = "5,000 nodes, 150,000 pods: plan")]
    public Plan Large() => Planner.Plan(_largeSnapshot, Policy);

    [Benchmark(Description = "5,000 nodes, 150,000 pods: after one change")]
    public Plan LargeAfterOneChange() => AfterOneChange(_large);

    private Plan AfterOneChange((ClusterState State, CloudView Cloud) cluster)
    {
        _round++;
        PlannerCases.Change(cluster.State, 3, ended: _round % 2 == 0);
        return Planner.Plan(PlannerCases.Take(cluster, _round), Policy);
    }
}
