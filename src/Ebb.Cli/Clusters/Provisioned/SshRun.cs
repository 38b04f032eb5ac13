using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Runs OpenSSH's client on this terminal, and says what to do when it fails.</summary>
/// <param name="line">The program and its words.</param>
/// <param name="machine">Whom it logs in to, to begin a sentence with.</param>
/// <param name="place">Its name and port.</param>
/// <param name="knownHosts">The file of the cluster's host keys.</param>
internal sealed class SshRun(ImmutableArray<string> line, string machine, string place, string knownHosts)
{
    // ssh's own failure; every other code is that of the command on the machine.
    private const int OwnFailure = 255;

    private const int EndedByInterrupt = 130;

    private static readonly TimeSpan LeaveWithin = TimeSpan.FromSeconds(3);

    /// <param name="to">Where what ssh says and what the command prints go, a line at a time; null: to this terminal, as they are.</param>
    /// <exception cref="EbbException">There is no ssh here, or the user has something to mend.</exception>
    /// <exception cref="IOException">It failed.</exception>
    public async Task RunAsync((Action<string> Print, Action<string> Say)? to, CancellationToken ct)
    {
        using var ssh = Start(quiet: to is not null);
        var reason = ListenAsync(ssh.StandardError, to?.Say ?? Console.Error.WriteLine);
        var printed = to is { Print: { } print } ? PassOnAsync(ssh.StandardOutput, print) : Task.CompletedTask;
        try
        {
            await ssh.WaitForExitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            await EndAsync(ssh);
            throw;
        }

        await printed;
        var said = await reason;
        switch (ssh.ExitCode)
        {
            // Ended by Ctrl-C, as a session or a log that is followed mostly is.
            case 0 or EndedByInterrupt:
                return;
            case OwnFailure:
                throw Failure(said);
            default:
                throw new IOException($"{machine} was logged in to; what ran there ended with {ssh.ExitCode}.");
        }
    }

    private Process Start(bool quiet)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(line[0], line[1..]) { RedirectStandardError = true, RedirectStandardOutput = quiet })!;
        }
        catch (Win32Exception e)
        {
            throw new EbbException("There is no ssh on this machine. Install OpenSSH's client (openssh-client).", e);
        }
    }

    /// <summary>Passes on what ssh says, as it comes, but for why it gives up: that is told with what to do.</summary>
    /// <returns>The last line.</returns>
    private static async Task<string> ListenAsync(StreamReader from, Action<string> to)
    {
        var last = "";
        while (await from.ReadLineAsync() is { } said)
        {
            last = said;
            if (!said.StartsWith("ssh: ", StringComparison.Ordinal) && !said.StartsWith("Host key verification failed", StringComparison.Ordinal) && !said.Contains(": Permission denied (", StringComparison.Ordinal))
            {
                to(said);
            }
        }

        return last;
    }

    private static async Task PassOnAsync(StreamReader from, Action<string> to)
    {
        while (await from.ReadLineAsync() is { } printed)
        {
            to(printed);
        }
    }

    /// <summary>Asked to, ssh takes its forwardings down, and what it ran on the machine is hung up on.</summary>
    private static async Task EndAsync(Process ssh)
    {
        using var end = Process.Start(new ProcessStartInfo("kill", ["-TERM", $"{ssh.Id}"]));
        using var patience = new CancellationTokenSource(LeaveWithin, TimeProvider.System);
        try
        {
            await ssh.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            ssh.Kill();
        }
    }

    // ssh tells its reasons by words alone, always in English.
    private Exception Failure(string said)
    {
        var host = place[..place.LastIndexOf(':')];
        var port = place[(place.LastIndexOf(':') + 1)..];
        return Has("Host key verification failed") ? new EbbException(
                $"{machine} is not the one that {place} was before: its host key has changed. If it was not made anew, somebody answers in its place: do not log in. "
                + $"If it was, forget the old key and run this again:\n  ssh-keygen -f {Launcher.Quote(knownHosts)} -R {Launcher.Quote(port == "22" ? host : $"[{host}]:{port}")}")
            : Has("Permission denied") ? new EbbException(
                $"{machine} takes none of the keys that it was offered ({Plain(said)}). It knows the keys with which it was made: log in from the machine that made the cluster, or with the key in access.sshKeyFile.")
            : Has("Could not resolve hostname") ? new EbbException($"{machine} has no address under the name '{host}'. 'ebb up' makes it; 'ebb status' says whether it is there.")
            : Has("Connection refused") || Has("timed out") || Has("No route to host") || Has("Network is unreachable") ? new IOException(
                $"{machine} does not answer at {place} ({Plain(said)}). Does it run ('ebb status')? access.sshFrom says from where it may be reached; when your own address has changed, 'ebb up' lets you in again.")
            : Has("local forwarding") ? new EbbException($"A port that is to be forwarded is taken on this machine ({Plain(said)}). End what has it, another 'ebb proxy' perhaps.")
            : new IOException($"The connection to {machine.Replace("Control", "control", StringComparison.Ordinal)} at {place} failed: {Plain(said)}");

        bool Has(string words) => said.Contains(words, StringComparison.OrdinalIgnoreCase);
    }

    private static string Plain(string said) => said.Length == 0 ? "ssh does not say why" : said.TrimEnd('.', '\r', ' ');
}
