using System.Text.RegularExpressions;
using Ebb.Cli.Definition;
using Ebb.Cli.Definition.Shapes;

namespace Ebb.Tests.Cli.Definition;

public partial class StarterTests
{
    [Theory]
    [InlineData("spot", true)]
    [InlineData("regular", false)]
    [InlineData("spot-then-regular", true)]
    public void A_starter_reads_without_a_problem_and_says_what_was_chosen(string priority, bool sandbox)
    {
        var choices = new StarterChoices
        {
            Name = "farm",
            Region = "northeurope",
            Sandbox = sandbox,
            Priority = priority switch { "spot" => PoolPriority.Spot, "regular" => PoolPriority.Regular, _ => PoolPriority.SpotThenRegular },
            PoolSize = "Standard_F8s_v2",
            ControlPlaneSize = "Standard_D2s_v5",
        };

        var file = Sample.Read(Starter.Text(choices));

        Assert.Equal(("farm", "northeurope", sandbox), (file.Name, file.Cloud.Region, file.Cloud.IsSandbox));
        Assert.Equal((choices.Priority, "Standard_F8s_v2", "Standard_D2s_v5"), (file.Pools[0].Priority, file.Pools[0].Size, file.ControlPlane.Size));
    }

    [Fact]
    public void Every_key_that_stands_as_a_comment_may_be_taken_as_it_stands()
    {
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(directory.File(".ssh"));
        File.WriteAllText(directory.File(".ssh/id_ed25519.pub"), "ssh-ed25519 AAAA me");
        var lines = Starter.Text(new StarterChoices { Name = "tide" }).Split('\n');
        var comments = Enumerable.Range(0, lines.Length).Where(i => Commented().IsMatch(lines[i])).ToList();

        foreach (var i in comments)
        {
            string[] taken = [.. lines];
            taken[i] = Commented().Replace(lines[i], "$1$2");
            Sample.Read(string.Join('\n', taken), ("TAILSCALE_AUTH_KEY", "x"), ("HOME", directory.Path));
        }

        Assert.True(comments.Count > 20);
    }

    [Fact]
    public void Every_key_stands_in_it()
    {
        var text = Starter.Text(new StarterChoices { Name = "tide" });

        Assert.All(Names(Keys.Cluster.Rows), name => Assert.Matches($@"\b{name}:", text));
    }

    [Theory]
    [InlineData("farm", "farm")]
    [InlineData("My Render Farm", "my-render-farm")]
    [InlineData("2nd_try", "nd-try")]
    [InlineData("日本", "tide")]
    [InlineData("", "tide")]
    [InlineData("a-very-long-name-of-a-directory-indeed", "a-very-long-name-of-a-director")]
    public void A_directory_s_name_becomes_a_cluster_s(string directory, string name)
    {
        Assert.Equal(name, Starter.NameFrom(directory));
    }

    [Fact]
    public async Task Init_writes_a_file_that_reads_and_its_schema_beside_it()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("ebb.yaml");

        var run = await CommandLine.RunAsync("init", "--yes", "-f", path, "--name", "farm", "--region", "northeurope");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("farm", ClusterFileReader.Read(path, _ => null).Name);
        Assert.StartsWith("# yaml-language-server: $schema=.ebb/ebb.schema.json\n", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(SchemaFile.Text(), await File.ReadAllTextAsync(directory.File(".ebb/ebb.schema.json"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Init_leaves_a_file_that_is_there()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("ebb.yaml");
        await File.WriteAllTextAsync(path, "mine", TestContext.Current.CancellationToken);

        var run = await CommandLine.RunAsync("init", "--yes", "-f", path);
        var kept = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        var forced = await CommandLine.RunAsync("init", "--yes", "--force", "-f", path);

        Assert.Equal((2, "mine"), (run.ExitCode, kept));
        Assert.Contains("is there already", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, forced.ExitCode);
        Assert.NotEqual("mine", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("--region", "West Europe", "in lower case without spaces")]
    [InlineData("--name", "x", "'x' is too short")]
    [InlineData("--cloud", "aws", "there is no such cloud")]
    public async Task Init_refuses_what_its_file_would_be_refused_for(string option, string value, string problem)
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("ebb.yaml");

        var run = await CommandLine.RunAsync("init", "--yes", "-f", path, option, value);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(problem, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Questions_are_asked_again_until_the_answer_can_be()
    {
        var said = new StringWriter();
        var typed = new StringReader("Farm!\nfarm\n\nnorthpole 7\nnorthpole\n\nspot\nStandard_B2s\nStandard_F8s_v2\n");
        var terminal = new Ebb.Cli.Output.Terminal(TextWriter.Null, said, rich: false, colours: false, typed);

        var choices = new StarterQuestions(terminal).Ask(new StarterChoices { Name = "tide" });

        Assert.Equal(("farm", true, "northpole", "Standard_B2ms", PoolPriority.Spot, "Standard_F8s_v2"), (choices.Name, choices.Sandbox, choices.Region, choices.ControlPlaneSize, choices.Priority, choices.PoolSize));
        Assert.Contains("Azure sells no Standard_B2s as spot", said.ToString(), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Names(IEnumerable<Row> rows) => rows.SelectMany(row => Names(row.Within).Prepend(row.Name));

    [GeneratedRegex(@"^( *)# ([a-zA-Z]+: .+)$")]
    private static partial Regex Commented();
}
