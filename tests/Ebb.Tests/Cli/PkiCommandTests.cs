using System.Text.Json.Nodes;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Sandboxes;

namespace Ebb.Tests.Cli;

/// <summary>On a cluster that does not run. The variable is the process's, so these and those run one after the other.</summary>
[Collection(nameof(SandboxHomeTests))]
public sealed class PkiCommandTests : IDisposable
{
    private readonly string? _before = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
    private readonly string _root = Directory.CreateTempSubdirectory("ebb-pki-").FullName;
    private readonly SandboxHome _home;

    public PkiCommandTests()
    {
        Environment.SetEnvironmentVariable("XDG_STATE_HOME", _root);
        _home = SandboxHome.Of("farm");
        var options = new PkiOptions { ClusterName = "farm", Server = new Uri("https://127.0.0.1:6443"), KubernetesVersion = new Version(1, 20) };
        ClusterPki.Ensure(_home.Kubernetes, options, TimeProvider.System);
        File.WriteAllText(Path.Combine(_home.Kubernetes, ClusterRecord.FileName), "{}");
        _home.WriteKubeconfig(Admin());
    }

    [Fact]
    public async Task Every_certificate_is_listed()
    {
        var table = await CommandLine.RunAsync("pki", "list", "--name", "farm");
        var json = await CommandLine.RunAsync("pki", "check", "--name", "farm", "--json");

        Assert.Equal(0, table.ExitCode);
        Assert.Equal(15, table.Out.TrimEnd().Split('\n').Length);
        var etcd = JsonNode.Parse(json.Out)!.AsArray().Single(c => (string)c!["name"]! == "etcd/server")!;
        Assert.Equal(("etcd/ca", 364, "valid"), ((string)etcd["authority"]!, (int)etcd["daysLeft"]!, (string)etcd["state"]!));
    }

    [Fact]
    public async Task What_is_renewed_is_said_and_who_has_to_start_again()
    {
        var admin = Admin();

        var result = await CommandLine.RunAsync("pki", "renew", "apiserver", "admin.conf", "--name", "farm");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal("Renewed apiserver.\nRenewed admin.conf.\nThey are taken up when the cluster starts.\n", result.Out);
        Assert.NotEqual(admin, Admin());
        Assert.Equal(Admin(), Copy());
    }

    [Fact]
    public async Task Nothing_is_renewed_that_is_not_due()
    {
        var result = await CommandLine.RunAsync("pki", "renew", "--name", "farm");

        Assert.Equal((0, "Nothing is due. 'ebb pki renew --all' renews regardless.\n"), (result.ExitCode, result.Out));
    }

    [Fact]
    public async Task What_a_renewal_that_was_cut_short_left_is_due()
    {
        var files = new PkiFiles(_home.Kubernetes);
        File.Copy(files.Key("etcd/peer"), files.Key("apiserver"), overwrite: true);
        File.Delete(files.Key("etcd/server"));
        Assert.Equal(2, (await CommandLine.RunAsync("pki", "list", "--name", "farm")).Out.Split('\n').Count(line => line.EndsWith("unpaired", StringComparison.Ordinal)));

        var result = await CommandLine.RunAsync("pki", "renew", "--name", "farm");

        Assert.StartsWith("Renewed apiserver.\nRenewed etcd/server.\n", result.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("unpaired", (await CommandLine.RunAsync("pki", "list", "--name", "farm")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_may_be_renewed_regardless_with_another_key_for_service_accounts()
    {
        var result = await CommandLine.RunAsync("pki", "renew", "--all", "--service-accounts", "--json", "--name", "farm");

        Assert.Equal(0, result.ExitCode);
        var report = JsonNode.Parse(result.Out)!;
        Assert.Equal(12, report["renewed"]!.AsArray().Count);
        Assert.Equal(["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"], report["readers"]!.AsArray().Select(r => (string)r!));
        Assert.False((bool)report["takenUp"]!);
        Assert.Contains("are void", (await CommandLine.RunAsync("pki", "forget", "--name", "farm")).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pki renew nosuch --name farm", "There is no certificate 'nosuch'; there is apiserver,")]
    [InlineData("pki renew ca --name farm", "is an authority")]
    [InlineData("pki renew apiserver --all --name farm", "not both")]
    [InlineData("pki renew --encryption --name farm", "does not run")]
    [InlineData("pki renew --nmae farm", "'ebb pki renew' has no option '--nmae'")]
    [InlineData("pki list --name nosuch", "There is no sandbox 'nosuch'")]
    [InlineData("pki list --name plain", "has no control plane of its own")]
    [InlineData("pki lst", "Did you mean 'list'? See 'ebb pki --help'.")]
    [InlineData("pki", "See 'ebb pki --help'.")]
    [InlineData("pki list --jsn", "'ebb pki list' has no option '--jsn'. Did you mean '--json'? See 'ebb pki list --help'.")]
    public async Task A_wrong_line_is_answered_in_one_line_on_stderr(string line, string says)
    {
        SandboxHome.Of("plain").Create();

        var result = await CommandLine.RunAsync(line.Split(' '));

        Assert.Equal((2, ""), (result.ExitCode, result.Out));
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    private string Admin() => File.ReadAllText(new PkiFiles(_home.Kubernetes).AdminKubeconfig);

    private string Copy() => File.ReadAllText(_home.Kubeconfig);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("XDG_STATE_HOME", _before);
        Directory.Delete(_root, recursive: true);
    }
}
