using Ebb.SystemTests.AzureCli;
using Ebb.SystemTests.Commands;
using Ebb.SystemTests.Following;
using Ebb.SystemTests.Machines;
using Ebb.SystemTests.Provisioning;
using Ebb.SystemTests.RealKubernetes;
using Ebb.SystemTests.Secrets;
using Ebb.Tests.Shared;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(Ebb.SystemTests.CollectionOrder))]

namespace Ebb.SystemTests;

/// <summary>
/// Real machines take one thread from the beginning to the middle. Beside them come those that mostly wait for a sandbox; what
/// compiles or computes comes after, and what wants the whole machine comes last in any case.
/// </summary>
public sealed class CollectionOrder : ITestCollectionOrderer
{
    private static readonly string[] Longest =
    [
        RealSandbox.Collection, LongestFirst.Of<OperateTests>(), LongestFirst.Of<HardwareTests>(), LongestFirst.Of<ProvisionedTests>(), LongestFirst.Of<UpgradeTests>(), LongestFirst.Of<MakeTests>(),
        LongestFirst.Of<SecretsTests>(),
        LongFarms.Name, LongestFirst.Of<FollowingTests>(), AzCommands.Name,
        LongestFirst.Of<ProgramsTests>(), LongestFirst.Of<KeysTests>(), LongestFirst.Of<SandboxTests>(), LongestFirst.Of<RenewalTests>(),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : Xunit.Sdk.ITestCollection => LongestFirst.Order(testCollections, Longest);
}
