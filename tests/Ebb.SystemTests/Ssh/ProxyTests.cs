using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.Ssh;

/// <summary>'ebb proxy' as it is typed at a terminal, through OpenSSH, to a server that nobody here wrote.</summary>
public sealed class ProxyTests : IAsyncLifetime
{
    private const string CtrlC = "\x03";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private static readonly (int Here, int There)[] Ways = [(6443, 6443), (8080, 80), (8443, 443), (5000, 5000), (7000, 5000)];

    private SshWorld _world = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_a_session_of_this_terminal_and_what_the_control_plane_offers_is_here_meanwhile()
    {
        foreach (var port in new[] { 6443, 80, 443, 5000 })
        {
            await _world.OfferAsync(port, Ct);
        }

        var (before, after) = (Path.Combine(_world.Bin, "before"), Path.Combine(_world.Bin, "after"));
        using var session = _world.StartAtTerminal($"stty -g > {before}; {_world.Ebb("proxy -L 7000:127.0.0.1:5000")}; code=$?; stty -g > {after}; exit $code");
        await session.TypeAsync("tty && whoami\n", Ct);
        await LineAsync(session, "/dev/pts/[0-9]+");
        await LineAsync(session, "keeper");
        var reached = (await ReachAsync([.. Ways.Select(way => way.Here)])).Good();

        // What runs there has the terminal's keys; a session ends well with what was interrupted last.
        await session.TypeAsync("echo up; sleep 1000\n", Ct);
        await LineAsync(session, "up");
        await session.TypeAsync(CtrlC, Ct);
        await session.TypeAsync("exit\n", Ct);
        var ended = (await session.EndAsync(Ct)).Good();

        AssertReached(reached);
        Assert.DoesNotContain("ebb: ", ended.Out, StringComparison.Ordinal);
        Assert.Equal(await File.ReadAllTextAsync(before, Ct), await File.ReadAllTextAsync(after, Ct));
        Assert.NotEqual(0, (await ReachAsync([6443])).ExitCode);
    }

    [Fact]
    public async Task With_make_it_fails_where_the_session_s_last_command_did_and_the_line_that_it_prints_does_the_same_in_a_script()
    {
        var make = await _world.Shell.RunAsync(Path.Combine(Shell.Root, "eng", "make.sh"), [], Ct);
        Assert.SkipWhen(make.ExitCode != 0, make.Error);
        await _world.OfferAsync(6443, Ct);
        using var session = _world.StartAtTerminal(
            $"{make.Out.Trim()} --no-print-directory -f {Path.Combine(Shell.Root, "examples", "Makefile")} EBB={Path.Combine(Shell.Root, "ebb")} FILE={_world.Yaml} proxy");
        await session.TypeAsync("whoami\n", Ct);
        await LineAsync(session, "keeper");

        await session.TypeAsync("exit 7\n", Ct);
        var ended = await session.EndAsync(Ct);
        var line = (await _world.EbbAsync("proxy --print", Ct)).Good().Out.Trim();
        var printed = await _world.BashAsync($"echo 'whoami; exit 7' | {line}", Ct);
        var piped = await _world.BashAsync($"echo 'whoami; exit 7' | {_world.Ebb("proxy")}", Ct);

        Assert.Equal(2, ended.ExitCode);
        Assert.Contains($"ebb: Control-plane machine 0 of cluster '{SshWorld.Name}' was logged in to; what ran there ended with 7.", ended.Out, StringComparison.Ordinal);
        Assert.Equal((7, "keeper\n"), (printed.ExitCode, printed.Out));
        Assert.Equal((1, "keeper\n"), (piped.ExitCode, piped.Out));
    }

    [Fact]
    public async Task The_dashboard_is_here_until_Ctrl_C_and_nothing_of_it_is_left_there()
    {
        await _world.OfferAsync(9443, Ct);
        await _world.PutAsync("sudo", "exec \"$@\"");
        await _world.PutAsync("kubectl", "echo \"asked: $*\"; trap 'exit 0' INT; while :; do sleep 0.1; done");
        using var dashboard = _world.StartAtTerminal(_world.Ebb("proxy --dashboard"));

        await LineAsync(dashboard, "asked: -n kubernetes-dashboard port-forward service/kubernetes-dashboard 9443:443");
        var reached = (await ReachAsync([9443])).Good();
        var second = await _world.EbbAsync("proxy --dashboard", Ct);
        await dashboard.TypeAsync(CtrlC, Ct);
        (await dashboard.EndAsync(Ct)).Good();
        await GoneAsync();

        // Ctrl-C also ends it where there is no terminal.
        using var bare = _world.StartEbb("proxy --dashboard");
        await LineAsync(bare, "asked: .*");
        var ended = await bare.StopAsync(Ct);
        await GoneAsync();

        Assert.Matches(@"(?m)^9443 SSH-2\.0-.* port-9443\s*$", reached.Out);
        Assert.Equal(2, second.ExitCode);
        Assert.Contains("A port that is to be forwarded is taken on this machine", second.Error, StringComparison.Ordinal);
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));

        Task GoneAsync() => Shell.UntilAsync(
            "nothing of it runs there", Soon, async () => (await _world.BashAsync($"pgrep -f {Path.Combine(_world.Bin, "kubectl")}", Ct)).Out.Length == 0);
    }

    public async ValueTask InitializeAsync() => _world = await SshWorld.StartAsync(Ct);

    public ValueTask DisposeAsync() => _world?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>What answers at these ports of whoever logged in.</summary>
    private Task<Ran> ReachAsync(int[] ports) => _world.BashAsync(
        $$"""
        set -e
        for port in {{string.Join(' ', ports)}}; do
          exec 3<>/dev/tcp/127.0.0.1/$port
          read -r banner <&3
          echo "$port $banner"
        done
        """,
        Ct);

    private static void AssertReached(Ran ran)
    {
        foreach (var (here, there) in Ways)
        {
            Assert.Matches($@"(?m)^{here} SSH-2\.0-.* port-{there}\s*$", ran.Out);
        }
    }

    /// <summary>Until it has printed such a line; what was typed stands behind a prompt.</summary>
    private static async Task LineAsync(Running session, [StringSyntax(StringSyntaxAttribute.Regex)] string whole)
    {
        while (await session.NextLineAsync(Ct) is { } line)
        {
            if (Regex.IsMatch(line.TrimEnd('\r'), $"^{whole}$"))
            {
                return;
            }
        }

        Assert.Fail($"It ended without a line that is '{whole}'.");
    }
}
