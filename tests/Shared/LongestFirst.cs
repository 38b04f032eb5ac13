using Xunit.Sdk;

namespace Ebb.Tests.Shared;

/// <summary>
/// The order in which collections begin. Tests of one collection come one after the other, and by themselves collections come in
/// random order: one that takes long and begins last leaves every other core idle.
/// </summary>
internal static class LongestFirst
{
    /// <summary>Those named, in their order, then the others. It is where threads begin; the framework does not promise more.</summary>
    public static IReadOnlyCollection<T> Order<T>(IReadOnlyCollection<T> collections, string[] longest)
        where T : ITestCollection => [.. collections.OrderBy(collection => Place(collection, longest))];

    /// <summary>As the framework calls the collection of a class that names none.</summary>
    public static string Of<T>() => $"Test collection for {typeof(T).FullName} (";

    private static int Place(ITestCollection collection, string[] longest)
    {
        var at = Array.FindIndex(longest, name => collection.TestCollectionDisplayName.StartsWith(name, StringComparison.Ordinal));
        return at < 0 ? longest.Length : at;
    }
}
