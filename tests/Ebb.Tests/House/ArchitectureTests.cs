using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Ebb.Tests.House;

/// <summary>The arrows between projects and folders; docs/architecture.md says why each stands.</summary>
public class ArchitectureTests
{
    public static TheoryData<string, string[]> Arrows => new()
    {
        { "Ebb", [] },
        { "Ebb.Agent", ["Ebb"] },
        { "Ebb.Controller", ["Ebb"] },
        { "Ebb.Sandbox", [] },
        { "Ebb.Simulation", ["Ebb", "Ebb.Sandbox"] },
        { "Ebb.Cli", ["Ebb", "Ebb.Agent", "Ebb.Controller", "Ebb.Sandbox", "Ebb.Simulation"] },
    };

    public static TheoryData<string> PureFolders => ["Pools", "Planning", "Scheduling", "Growing", "Shrinking", "Healing", "Gating"];

    [Theory]
    [MemberData(nameof(Arrows))]
    public void A_project_references_only_those_it_may(string project, string[] allowed)
    {
        var references = References(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')));

        Assert.Empty(references.Except(allowed));
    }

    [Fact]
    public void Every_project_stands_in_the_list_of_arrows()
    {
        var projects = Directory.GetDirectories(Path.Combine(Tree.Root, "src")).Select(Path.GetFileName);

        Assert.Equal(projects.Order(), Arrows.Select(row => row.Data.Item1).Order());
    }

    [Fact]
    public void The_library_has_no_package_but_the_logging_abstraction()
    {
        Assert.Equal(["Microsoft.Extensions.Logging.Abstractions"], References("Ebb", "PackageReference"));
    }

    [Theory]
    [MemberData(nameof(PureFolders))]
    public void A_pure_folder_has_no_clock_no_chance_no_log_and_no_wire(string folder)
    {
        string[] forbidden =
        [
            @"\bTimeProvider\b", @"\bILogger\b", @"\bRandom\b", @"\bEnvironment\.", @"\basync\b", @"\bTask<", @"\bHttp\w+\b", @"\bFile\.",
            @"\bICloud\b", @"\bIKubernetes\b", @"\bEbb\.Clouds\.Azure\b", @"using Ebb\.Kubernetes;", @"\bEbb\.Acting\b", @"\bSystem\.Net\b",
        ];

        Assert.Empty(Breaches($"src/Ebb/{folder}", forbidden));
    }

    [Fact]
    public void The_clouds_know_nothing_of_Kubernetes()
    {
        Assert.Empty(Breaches("src/Ebb/Clouds", [@"\bEbb\.Kubernetes\b", @"\bEbb\.Acting\b", @"\bEbb\.Planning\b"]));
    }

    [Fact]
    public void Outside_the_sandbox_nothing_asks_whether_it_runs_in_one()
    {
        Assert.Empty(Breaches("src/Ebb", [@"\bSandbox\b", @"\bIsLocal\b", @"\bSimulat\w+"]));
    }

    [Fact]
    public void Azure_s_own_library_stays_in_the_programs()
    {
        Assert.Empty(Breaches("src/Ebb", [@"\bAzure\.Identity\b", @"\bAzure\.Core\b"]));
    }

    private static List<string> Breaches(string folder, string[] forbidden) =>
        Directory.Exists(Path.Combine(Tree.Root, folder))
            ? [.. from file in Tree.Sources(folder)
                  let code = Tree.CodeOf(file)
                  from pattern in forbidden
                  let match = Regex.Match(code, pattern)
                  where match.Success
                  select $"{file.Path}: {match.Value}"]
            : [];

    private static IEnumerable<string> References(string project, string kind) =>
        XDocument.Load(Path.Combine(Tree.Root, "src", project, project + ".csproj")).Descendants(kind)
            .Select(reference => (string?)reference.Attribute("Include") ?? "");
}
