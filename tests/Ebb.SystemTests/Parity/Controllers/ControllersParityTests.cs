namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>
/// The embedded controllers against the real ones: the same manifests and the same played kubelets, and after each step the
/// same objects, by the same way.
/// </summary>
public sealed class ControllersParityTests(Arena arena) : IClassFixture<Arena>
{
    private static readonly IReadOnlyList<Scenario> All = Chosen();

    public static TheoryData<string, string> Scenarios => [.. All.Select(scenario => (scenario.Name, scenario.Title))];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public Task The_sandbox_ends_where_the_real_controllers_end_and_by_the_same_way(string name, string title)
    {
        Assert.NotEmpty(title);
        return arena.RunAsync(All.Single(scenario => scenario.Name == name), All);
    }

    /// <summary>All of them, or those whose name begins with EBB_SCENARIO.</summary>
    private static List<Scenario> Chosen() =>
        [.. Scenario.ReadAll().Where(scenario => scenario.Name.StartsWith(Environment.GetEnvironmentVariable("EBB_SCENARIO") ?? "", StringComparison.Ordinal))];
}
