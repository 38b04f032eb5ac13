using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.Ssh;

/// <summary>'ebb logs' of a control plane of three machines, two of which answer.</summary>
public sealed class PlaneLogsTests : IAsyncLifetime
{
    private const string Plane = $"{SshWorld.Name}-control-plane";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private SshWorld _world = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_machines_are_asked_and_one_that_does_not_answer_ends_no_other()
    {
        var all = await _world.EbbAsync("logs -n 5", Ct);
        var one = (await _world.EbbAsync("logs -n 5 -m 1", Ct)).Good();

        Assert.Equal(1, all.ExitCode);
        Assert.Equal($"{Plane}-0: at 50000: -u ebb -o cat -n 5\n{Plane}-1: at 50001: -u ebb -o cat -n 5\n", all.Out);
        Assert.Contains("Control-plane machine 2 of cluster", all.Error, StringComparison.Ordinal);
        Assert.Contains("ebb: The log of 1 of 3 control-plane machines is not, or not all, shown", all.Error, StringComparison.Ordinal);
        Assert.Equal("at 50001: -u ebb -o cat -n 5\n", one.Out);
    }

    [Fact]
    public async Task All_are_followed_until_Ctrl_C()
    {
        using var followed = _world.StartEbb("logs -n 5 --follow");
        string?[] lines = [await followed.NextLineAsync(Ct), await followed.NextLineAsync(Ct)];
        var ended = await followed.StopAsync(Ct);

        Assert.Equal([$"{Plane}-0: at 50000: -u ebb -o cat -n 5 -f", $"{Plane}-1: at 50001: -u ebb -o cat -n 5 -f"], lines.Order());
        Assert.Equal(0, ended.ExitCode);
        await Shell.UntilAsync("no ssh is left", Soon, async () => (await _world.BashAsync("pgrep -f UserKnownHostsFile=" + _world.KnownHosts, Ct)).Out.Length == 0);
    }

    public async ValueTask InitializeAsync()
    {
        _world = await SshWorld.StartAsync(Ct, machines: 3);
        await _world.PutAsync("sudo", "exec \"$@\"");
        await _world.PutAsync("journalctl", "echo \"at ${SSH_CONNECTION##* }: $*\"; case \"$*\" in *-f) exec sleep 60 ;; esac");
    }

    public ValueTask DisposeAsync() => _world?.DisposeAsync() ?? ValueTask.CompletedTask;
}
