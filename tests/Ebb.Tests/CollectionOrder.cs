using Ebb.Tests.Cli.Clusters.Provisioned;
using Ebb.Tests.Cli.Clusters.Provisioned.Hardware;
using Ebb.Tests.Cli.Clusters.Provisioned.Upgrading;
using Ebb.Tests.Cli.Operating;
using Ebb.Tests.Joining;
using Ebb.Tests.Joining.Asking;
using Ebb.Tests.Sandbox.World;
using Ebb.Tests.Shared;
using Ebb.Tests.Simulation.Seeds;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(Ebb.Tests.CollectionOrder))]

namespace Ebb.Tests;

public sealed class CollectionOrder : ITestCollectionOrderer
{
    // Each some seconds, the first ones above ten.
    private static readonly string[] Longest =
    [
        LongestFirst.Of<SeedTests>(), LongestFirst.Of<OperateFaultTests>(), LongestFirst.Of<WholeUpTests>(), LongestFirst.Of<RotationRunTests>(),
        LongestFirst.Of<LimitsTests>(), LongestFirst.Of<HardwareRunTests>(),
        LongestFirst.Of<LeavingTests>(), LongestFirst.Of<RemoteKubeletTests>(), LongestFirst.Of<FuzzTests>(), LongestFirst.Of<OperateHardshipTests>(),
        LongestFirst.Of<WholeUpgradeTests>(), LongestFirst.Of<JoiningMachinesTests>(),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : Xunit.Sdk.ITestCollection => LongestFirst.Order(testCollections, Longest);
}
