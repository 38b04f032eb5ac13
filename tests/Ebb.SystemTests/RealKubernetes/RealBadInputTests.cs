using System.Net;
using System.Net.Sockets;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>Mistakes around a real Kubernetes: one clear error, and nothing is left.</summary>
public sealed class RealBadInputTests : IAsyncLifetime
{
    private static readonly UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly Shell _shell = new();
    private readonly string _binaries = Directory.CreateTempSubdirectory("ebb-bin-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("up -d --kubernetes reel", "--kubernetes is 'reel'; it must be embedded or real.")]
    [InlineData("up -d --kubernetes real --machines metal", "--machines is 'metal'; it must be hollow or nspawn.")]
    [InlineData("up -d --kubernetes real --etcd 2", "--etcd is 2; it must be 1, or 3 of which one may fail.")]
    [InlineData("up -d --kubernetes embedded --etcd 3", "--etcd goes with --kubernetes real.")]
    [InlineData("up -d --kubernetes embedded --machines hollow", "--machines goes with --kubernetes real.")]
    [InlineData("backup farm.ebb", "No sandbox runs.")]
    [InlineData("restore farm.ebb", "No sandbox runs.")]
    public Task A_mistake_on_the_command_line_is_named(string line, string says) => RefusedAsync(line, says);

    [Fact]
    public async Task A_directory_of_programs_that_does_not_do_is_named_with_the_way_out()
    {
        RealParts.Require();
        const string Up = "up -d --kubernetes real --machines hollow";
        _shell.Environment["EBB_KUBERNETES_BIN"] = "/nowhere/bin";
        await RefusedAsync(Up, "EBB_KUBERNETES_BIN is '/nowhere/bin', and there is no such directory.");

        _shell.Environment["EBB_KUBERNETES_BIN"] = _binaries;
        foreach (var name in new[] { "kube-apiserver", "kube-controller-manager" })
        {
            File.CreateSymbolicLink(Path.Combine(_binaries, name), Path.Combine(RealParts.Directory!, name));
        }

        await RefusedAsync(Up, $"There is no kube-scheduler in {_binaries}.");

        var scheduler = Path.Combine(_binaries, "kube-scheduler");
        await File.WriteAllTextAsync(scheduler, "#!/bin/sh\necho Kubernetes v1.20.2\n", Ct);
        await RefusedAsync(Up, $"{scheduler} cannot be run:");

        // A program of another machine: an ELF file of an architecture that there is none of here.
        await File.WriteAllBytesAsync(scheduler, [0x7f, .. "ELF"u8, 2, 1, 1, .. new byte[9], 2, 0, 0xff, 0xfe, .. new byte[100]], Ct);
        File.SetUnixFileMode(scheduler, Executable);
        await RefusedAsync(Up, $"{scheduler} cannot be run:");

        await File.WriteAllTextAsync(scheduler, "#!/bin/sh\necho Kubernetes v1.19.0\n", Ct);
        await RefusedAsync(Up, "Let EBB_KUBERNETES_BIN name a directory with all of one release.");

        await File.WriteAllTextAsync(scheduler, "#!/bin/sh\necho hello\n", Ct);
        await RefusedAsync(Up, $"{scheduler} --version says no version but 'hello'");
    }

    [Fact]
    public async Task A_port_that_is_taken_and_a_place_that_cannot_be_written_are_named()
    {
        RealParts.Require();
        _shell.Environment["EBB_KUBERNETES_BIN"] = RealParts.Directory;
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await RefusedAsync($"up -d --kubernetes real --machines hollow --port {port}", $"Port {port} on 127.0.0.1 is taken");

        var file = Path.GetTempFileName();
        _shell.Environment["XDG_STATE_HOME"] = file;
        var ran = await _shell.EbbAsync("up -d --kubernetes real --machines hollow", Ct);
        _shell.Environment.Remove("XDG_STATE_HOME");
        File.Delete(file);
        Assert.Equal(1, ran.ExitCode);
        Assert.Contains(file, ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disk_that_is_full_is_said_and_no_process_stays()
    {
        RealParts.Require();
        _shell.Environment["EBB_KUBERNETES_BIN"] = RealParts.Directory;
        Directory.CreateDirectory(_shell.State);
        var possible = await _shell.RunAsync("unshare", ["-rm", "true"], Ct);
        Assert.SkipUnless(possible.ExitCode == 0, "this user may make no file system of their own");

        // Keys and notes fit; etcd's first write-ahead log, of 64 MB, does not.
        var up = $"mount -t tmpfs -o size=2m tmpfs {_shell.State} && ./ebb up --kubernetes real --machines hollow; code=$?; cat {_shell.State}/sandbox/kubernetes/run/*.mark; exit $code";
        var ran = await _shell.RunAsync("unshare", ["-rm", "sh", "-c", up], Ct);

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("no space left on device", ran.Error, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", ran.Error, StringComparison.Ordinal);
        Assert.All(
            ran.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            mark => Assert.False(SandboxCluster.Runs(int.Parse(mark.Split(' ')[1]))));
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync();
        Directory.Delete(_binaries, recursive: true);
    }

    private async Task RefusedAsync(string line, string says)
    {
        var ran = await _shell.EbbAsync(line, Ct);

        Assert.Equal(2, ran.ExitCode);
        Assert.Contains(says, ran.Error, StringComparison.Ordinal);
        Assert.Empty(ran.Out);
        Assert.DoesNotContain("   at ", ran.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_shell.State, "sandbox", "sandbox.json")));
    }
}
