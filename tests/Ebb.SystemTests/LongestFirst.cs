using Ebb.SystemTests.AzureCli;
using Ebb.SystemTests.Commands;
using Ebb.SystemTests.Machines;
using Ebb.SystemTests.Provisioning;
using Ebb.SystemTests.RealKubernetes;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(Ebb.SystemTests.LongestFirst))]

namespace Ebb.SystemTests;

/// <summary>
/// Begins with what takes longest, so that no core is idle at the end: a collection's tests come one after the other, and by
/// themselves collections come in random order. Those that want the whole machine come last anyway.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Longest =
    [
        RealSandbox.Collection, Of<UpgradeTests>(), AzCommands.Name, Of<ProgramsTests>(), Of<KeysTests>(), nameof(AccessCluster), Of<RenewalTests>(),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection => [.. testCollections.OrderBy(Place)];

    private static int Place<TTestCollection>(TTestCollection collection)
        where TTestCollection : ITestCollection
    {
        var at = Array.FindIndex(Longest, name => collection.TestCollectionDisplayName.StartsWith(name, StringComparison.Ordinal));
        return at < 0 ? Longest.Length : at;
    }

    /// <summary>As the framework calls the collection of a class that names none.</summary>
    private static string Of<T>() => $"Test collection for {typeof(T).FullName} (";
}
