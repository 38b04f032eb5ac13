using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.Ssh;

/// <summary>'ebb logs' through OpenSSH, to a server that nobody here wrote.</summary>
public sealed class SshTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private SshWorld _world = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

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
