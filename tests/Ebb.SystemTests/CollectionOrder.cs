using Ebb.SystemTests.AzureCli;
using Ebb.SystemTests.Commands;
using Ebb.SystemTests.Machines;
using Ebb.SystemTests.Provisioning;
using Ebb.SystemTests.RealKubernetes;
using Ebb.Tests.Shared;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(Ebb.SystemTests.CollectionOrder))]

namespace Ebb.SystemTests;

/// <summary>Real machines fill one core from the beginning nearly to the end. What wants the whole machine comes last anyway.</summary>
public sealed class CollectionOrder : ITestCollectionOrderer
{
    private static readonly string[] Longest =
    [
        RealSandbox.Collection, LongestFirst.Of<UpgradeTests>(), AzCommands.Name, LongestFirst.Of<ProgramsTests>(), LongestFirst.Of<KeysTests>(),
        nameof(AccessCluster), LongestFirst.Of<RenewalTests>(),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : Xunit.Sdk.ITestCollection => LongestFirst.Order(testCollections, Longest);
}
