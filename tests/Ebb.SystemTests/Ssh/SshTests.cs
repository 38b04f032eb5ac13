using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.Ssh;

/// <summary>'ebb proxy' and 'ebb logs' through OpenSSH, to a server that nobody here wrote.</summary>
public sealed class SshTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private SshWorld _world = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_command_line_logs_in_with_the_cluster_s_key_and_what_the_control_plane_offers_is_here_meanwhile()
    {
        foreach (var port in new[] { 6443, 80, 443, 5000 })
        {
            await _world.OfferAsync(port, Ct);
        }

        var line = (await _world.EbbAsync("proxy --print -L 7000:127.0.0.1:5000", Ct)).Good().Out.Trim();
        var all = await _world.BashAsync(
            $$"""
            exec 4> >({{line}} 2>&1)
            echo 'whoami; echo in' >&4
            for port in 6443 8080 8443 5000 7000; do
              for try in $(seq 50); do { exec 3<>/dev/tcp/127.0.0.1/$port; } 2> /dev/null && break; sleep 0.1; done
              read -r banner <&3; echo "$port $banner"
            done
            echo exit >&4
            """,
            Ct);

        Assert.Contains("keeper\nin\n", all.Good().Out, StringComparison.Ordinal);
        foreach (var (here, there) in new[] { (6443, 6443), (8080, 80), (8443, 443), (5000, 5000), (7000, 5000) })
        {
            Assert.Matches($@"(?m)^{here} SSH-2\.0-.* port-{there}\s*$", all.Out);
        }
    }

    [Fact]
    public async Task Logs_are_shown_and_followed_until_Ctrl_C()
    {
        var journal = Path.Combine(_world.Bin, "journal");
        await File.WriteAllTextAsync(journal, "first line\n", Ct);
        await _world.PutAsync("sudo", "exec \"$@\"");
        await _world.PutAsync("journalctl", $"echo \"asked: $*\"; case \"$*\" in *-f) exec tail -n +1 -f {journal} ;; *) cat {journal} ;; esac");

        var some = (await _world.EbbAsync("logs -n 5", Ct)).Good();
        using var followed = _world.StartEbb("logs -n 5 --follow");
        var lines = new List<string?> { await followed.NextLineAsync(Ct), await followed.NextLineAsync(Ct) };
        await File.AppendAllTextAsync(journal, "second line\n", Ct);
        lines.Add(await followed.NextLineAsync(Ct));
        var ended = await followed.StopAsync(Ct);

        Assert.Equal("asked: -u ebb -o cat -n 5\nfirst line\n", some.Out);
        Assert.Equal(["asked: -u ebb -o cat -n 5 -f", "first line", "second line"], lines);
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        await Shell.UntilAsync("no ssh is left", Soon, async () => (await _world.BashAsync("pgrep -f UserKnownHostsFile=" + _world.KnownHosts, Ct)).Out.Length == 0);
    }

    [Fact]
    public async Task A_machine_that_shows_another_key_is_refused_with_what_to_do()
    {
        await _world.PutAsync("sudo", "echo the log");
        (await _world.EbbAsync("logs", Ct)).Good();
        await _world.LeaveAsync();
        await _world.ListenAsync("another", Ct);

        var refused = await _world.EbbAsync("logs", Ct);

        // ssh itself advises something like it above.
        var remedy = refused.Error.Split('\n').Last(line => line.StartsWith("  ssh-keygen -f ", StringComparison.Ordinal));
        (await _world.BashAsync(remedy, Ct)).Good();
        var after = (await _world.EbbAsync("logs", Ct)).Good();

        Assert.Equal(2, refused.ExitCode);
        Assert.Empty(refused.Out);
        Assert.Contains("its host key has changed", refused.Error, StringComparison.Ordinal);
        Assert.Equal("the log\n", after.Out);
    }

    [Fact]
    public async Task A_machine_that_does_not_answer_a_key_that_it_does_not_know_and_a_command_that_fails_are_one_error_each()
    {
        await _world.PutAsync("sudo", "exit 3");
        var failed = await _world.EbbAsync("logs", Ct);
        await _world.BashAsync($"> {Path.Combine(Path.GetDirectoryName(_world.Bin)!, "authorized_keys")}", Ct);
        var unknown = await _world.EbbAsync("logs", Ct);
        await _world.LeaveAsync();
        var dead = await _world.EbbAsync("logs", Ct);

        Assert.Equal((1, $"ebb: Control-plane machine 0 of cluster '{SshWorld.Name}' was logged in to; what ran there ended with 3."), (failed.ExitCode, failed.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]));
        Assert.Equal(2, unknown.ExitCode);
        Assert.Matches(@"^ebb: Control-plane machine 0 .* takes none of the keys .*\n$", unknown.Error);
        Assert.Equal(1, dead.ExitCode);
        Assert.Matches(@"^ebb: Control-plane machine 0 .* does not answer at far-farm\.westeurope\.cloudapp\.azure\.com:2222 .*Connection refused.*\n$", dead.Error);
    }

    public async ValueTask InitializeAsync() => _world = await SshWorld.StartAsync(Ct);

    public ValueTask DisposeAsync() => _world?.DisposeAsync() ?? ValueTask.CompletedTask;
}
