using System.Net;
using System.Net.Sockets;

namespace Ebb.SystemTests.Commands;

public sealed class BadInputTests : IAsyncLifetime
{
    private readonly Shell _shell = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("statsu", 2, "Did you mean 'status'?")]
    [InlineData("status --nmae x", 2, "Did you mean '--name'?")]
    [InlineData("status", 2, "No sandbox runs. Start it with 'ebb up -d'")]
    [InlineData("status --name second", 2, "ebb up -d --name second")]
    [InlineData("kubeconfig --name ../../etc", 2, "cannot name a sandbox")]
    [InlineData("up --max 0", 2, "--max is 0; it must be from 1 to 1000.")]
    [InlineData("up --max -5", 2, "--max is -5; it must be from 1 to 1000.")]
    [InlineData("up --max 99999999999", 2, "--max")]
    [InlineData("up --max many", 2, "many")]
    [InlineData("up --idle-after 5", 2, "'5' is no span of time")]
    [InlineData("up --idle-after 0s", 2, "it must be from 1s to 24h")]
    [InlineData("up --speed 0", 2, "--speed is 0; it must be from 0.1 to 1000.")]
    [InlineData("up --port 70000", 2, "--port is 70000")]
    [InlineData("demo --frames 100000000", 2, "frames is 100000000; it must be from 1 to 2000.")]
    [InlineData("plan --kubeconfig /nowhere/config", 2, "'/nowhere/config' does not exist")]
    [InlineData("plan --kubeconfig README.md", 2, "README.md")]
    [InlineData("plan --kubeconfig examples/render-farm.yaml", 2, "'examples/render-farm.yaml' is no kubeconfig")]
    [InlineData("run --kubeconfig /etc/shadow-not-there --subscription s --resource-group g", 2, "does not exist")]
    public async Task A_mistake_is_named_in_one_line_on_stderr(string line, int code, string says)
    {
        var ran = await _shell.EbbAsync(line, Ct);

        Assert.Equal(code, ran.ExitCode);
        Assert.Contains(says, ran.Error, StringComparison.Ordinal);
        Assert.Empty(ran.Out);
        Assert.Single(ran.Error.TrimEnd().Split('\n'));
        Assert.DoesNotContain("   at ", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_API_server_that_does_not_answer_is_said_within_seconds()
    {
        var config = Kubeconfig("https://127.0.0.1:1");

        var ran = await _shell.EbbAsync($"status --kubeconfig {config} --subscription s --resource-group g", Ct);

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("127.0.0.1:1", ran.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_with_the_way_out()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var ran = await _shell.EbbAsync($"up -d --port {port}", Ct);

        Assert.Equal(2, ran.ExitCode);
        Assert.Contains($"Port {port} on 127.0.0.1 is taken", ran.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_shell.State, "sandbox", "sandbox.json")));
    }

    [Fact]
    public async Task A_state_directory_that_cannot_be_written_is_named()
    {
        var file = Path.GetTempFileName();
        _shell.Environment["XDG_STATE_HOME"] = file;

        var ran = await _shell.EbbAsync("up -d", Ct);

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains(file, ran.Error, StringComparison.Ordinal);
        _shell.Environment.Remove("XDG_STATE_HOME");
        File.Delete(file);
    }

    [Fact]
    public async Task A_disk_that_is_full_is_said_and_nothing_half_made_stays()
    {
        // A file system of two pages, of this process's own: the lock fits, the kubeconfig does not.
        Directory.CreateDirectory(_shell.State);
        var up = $"mount -t tmpfs -o size=8k tmpfs {_shell.State} && ./ebb up; code=$?; ls {_shell.State}/sandbox; exit $code";
        var possible = await _shell.RunAsync("unshare", ["-rm", "true"], Ct);
        Assert.SkipUnless(possible.ExitCode == 0, "this user may make no file system of their own");

        var ran = await _shell.RunAsync("unshare", ["-rm", "sh", "-c", up], Ct);

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("No space left on device", ran.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ran.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("sandbox.json", ran.Out, StringComparison.Ordinal);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _shell.DisposeAsync();

    private string Kubeconfig(string server)
    {
        var path = Path.Combine(Directory.CreateDirectory(_shell.State).FullName, "elsewhere.yaml");
        File.WriteAllText(path, $$"""
            apiVersion: v1
            kind: Config
            current-context: c
            clusters: [{name: c, cluster: {server: "{{server}}", insecure-skip-tls-verify: true} }]
            users: [{name: c, user: {token: wrong} }]
            contexts: [{name: c, context: {cluster: c, user: c} }]
            """);
        return path;
    }
}
