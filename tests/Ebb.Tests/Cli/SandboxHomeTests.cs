using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Sandboxes;

namespace Ebb.Tests.Cli;

/// <summary>Each test has a state directory of its own; the variable is the process's, so they run one after the other.</summary>
[Collection(nameof(SandboxHomeTests))]
public sealed class SandboxHomeTests : IDisposable
{
    private readonly string? _before = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
    private readonly string _root = Directory.CreateTempSubdirectory("ebb-home-").FullName;

    public SandboxHomeTests() => Environment.SetEnvironmentVariable("XDG_STATE_HOME", _root);

    [Theory]
    [InlineData("farm")]
    [InlineData("a")]
    [InlineData("farm-2")]
    public void A_plain_name_is_a_directory_under_the_state_directory(string name)
    {
        Assert.Equal(Path.Combine(_root, "ebb", name), SandboxHome.Of(name).Path);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("/etc")]
    [InlineData("Farm")]
    [InlineData("farm-")]
    [InlineData("-farm")]
    [InlineData("farm\n")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("clusters")]
    public void A_name_that_could_lead_elsewhere_is_refused(string name)
    {
        Assert.Throws<EbbException>(() => SandboxHome.Of(name));
    }

    [Fact]
    public void What_is_kept_of_clusters_is_no_sandbox()
    {
        using (ClusterHome.Of("farm").Lock())
        {
            Assert.Empty(SandboxHome.All());
        }
    }

    [Fact]
    public void Only_one_holds_the_lock_and_another_gets_it_when_that_one_is_gone()
    {
        var home = SandboxHome.Of("farm");

        using (var held = home.TryLock())
        {
            Assert.NotNull(held);
            Assert.Null(home.TryLock());
            Assert.True(home.IsHosted());
        }

        Assert.False(home.IsHosted());
        using var again = home.TryLock();
        Assert.NotNull(again);
    }

    [Fact]
    public void What_a_killed_sandbox_left_is_not_taken_for_a_running_one()
    {
        var home = SandboxHome.Of("farm");
        home.Create();

        home.Write(State(ProcessMark.OfThisProcess() with { Started = "another" }));

        Assert.NotNull(home.LastState());
        Assert.Null(home.Running());
        var e = Assert.Throws<EbbException>(home.Require);
        Assert.Contains("ebb up -d --name farm", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_running_sandbox_is_found_by_what_it_wrote()
    {
        var home = SandboxHome.Of("farm");
        using var held = home.TryLock();

        home.Write(State(ProcessMark.OfThisProcess()));

        Assert.Equal("https://127.0.0.1:6443/", home.Require().Kubernetes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"name\":\"farm\"}")]
    public void Half_a_state_is_none(string content)
    {
        var home = SandboxHome.Of("farm");
        home.Create();
        File.WriteAllText(Path.Combine(home.Path, "sandbox.json"), content);

        Assert.Null(home.LastState());
    }

    [Fact]
    public void Files_with_keys_are_for_their_owner_alone()
    {
        var home = SandboxHome.Of("farm");
        home.Create();

        home.WriteKubeconfig("secret");
        home.WriteKubeconfig("secret too");

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(home.Kubeconfig));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(home.Path));
        Assert.Equal(["kubeconfig"], Directory.EnumerateFiles(home.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void A_process_is_known_by_number_and_start()
    {
        var mine = ProcessMark.OfThisProcess();

        Assert.True(mine.Alive());
        Assert.False((mine with { Started = "0@" }).Alive());
        Assert.False((mine with { Id = int.MaxValue }).Alive());
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("XDG_STATE_HOME", _before);
        Directory.Delete(_root, recursive: true);
    }

    private static SandboxState State(ProcessMark host) => new()
    {
        Name = "farm",
        Host = host,
        StartedAt = DateTimeOffset.UnixEpoch,
        Kubernetes = "https://127.0.0.1:6443/",
        Azure = new AzureAccess
        {
            Subscription = "s",
            ResourceGroup = "g",
            Endpoint = "https://127.0.0.1:8443/",
            AuthorityFile = "ca.crt",
            Client = new AzureClient("t", "c", "secret"),
        },
    };
}
