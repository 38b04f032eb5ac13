using System.Collections.Immutable;
using Ebb.Cli.ControlPlane.Pki;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.ControlPlane;

/// <summary>
/// Keeps the certificates of a running control plane from ending, and has renewed ones taken up: components whose files changed
/// are restarted one at a time, in their order, each only when the one before works again.
/// </summary>
/// <param name="reads">Which files each component reads, in the order to restart them.</param>
internal sealed partial class TakingUp(
    ImmutableArray<(string Name, ImmutableArray<string> Files)> reads, PkiFiles files, TakingUpActions actions, TimeProvider time, ILogger<TakingUp> logger)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    // Certificates are renewed with a third of a year left; a day more or less is nothing.
    private static readonly TimeSpan EnsureEvery = TimeSpan.FromDays(1);

    // From before the components start: what is written from then on is seen.
    private readonly Dictionary<string, string> _startedWith = reads.ToDictionary(part => part.Name, part => PkiFingerprint.Of(part.Files));

    private long _ensuredAt = time.GetTimestamp();
    private string? _done;
    private string? _stuck;
    private string? _trouble;

    /// <summary>Until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await LookAsync(ct);
                await Task.Delay(LookEvery, time, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The control plane ends.
        }
    }

    /// <summary>Restarts whatever has to be, now.</summary>
    public async Task LookAsync(CancellationToken ct)
    {
        if (time.GetElapsedTime(_ensuredAt) >= EnsureEvery && Try(actions.Ensure))
        {
            _ensuredAt = time.GetTimestamp();
        }

        // Reading times is cheap enough to be done every other second; what changed meanwhile is seen the next time.
        var stamps = Stamps();
        if (stamps != _done && await TakeUpAsync(ct))
        {
            _done = stamps;
        }
    }

    /// <returns>False when not all is done.</returns>
    private async Task<bool> TakeUpAsync(CancellationToken ct)
    {
        // The next must not go down while the one before is not up: etcd would lose its majority.
        if (IsRenewing() || (_stuck is { } stuck && !actions.Works(stuck)))
        {
            return false;
        }

        _stuck = null;
        if (reads.Any(Changed) && !Try(actions.Ensure))
        {
            // A renewal that was cut short is finished first; where that cannot be, what runs is better left alone.
            return false;
        }

        var all = PkiFingerprint.Of(files);
        foreach (var part in reads.Where(Changed))
        {
            _startedWith[part.Name] = PkiFingerprint.Of(part.Files);
            LogRestarting(part.Name);
            try
            {
                await actions.Restart(part.Name, ct);
            }
            catch (TimeoutException e)
            {
                LogStuck(e.Message);
                _stuck = part.Name;
                return false;
            }
        }

        return Try(() => SecretFile.Write(files.TakenUp, all));
    }

    private bool Changed((string Name, ImmutableArray<string> Files) part) => PkiFingerprint.Of(part.Files) != _startedWith[part.Name];

    private bool IsRenewing()
    {
        try
        {
            files.TakeLock().Dispose();
            return false;
        }
        catch (EbbException)
        {
            return true;
        }
    }

    private string Stamps() =>
        string.Join(' ', reads.SelectMany(part => part.Files).Distinct().Select(path => File.GetLastWriteTimeUtc(path).Ticks));

    private bool Try(Action action)
    {
        try
        {
            action();
            _trouble = null;
            return true;
        }
        catch (Exception e) when (e is EbbException or IOException)
        {
            // A full disk, or a file that a person has to look at: said once, tried again every time.
            if (_trouble != e.Message)
            {
                LogTrouble(e.Message);
                _trouble = e.Message;
            }

            return false;
        }
    }

    [LoggerMessage(LogLevel.Information, "{Component} is restarted: its keys or settings changed")]
    private partial void LogRestarting(string component);

    [LoggerMessage(LogLevel.Error, "Restarting for changed keys or settings does not go on: {Trouble}")]
    private partial void LogStuck(string trouble);

    [LoggerMessage(LogLevel.Error, "The cluster's keys could not be seen to: {Trouble}")]
    private partial void LogTrouble(string trouble);
}

/// <summary>What taking up needs of a control plane.</summary>
/// <param name="Ensure">Renews what is near its end, and what does not fit together.</param>
/// <param name="Restart">Restarts one component and waits until it works; a <see cref="TimeoutException"/> when it does not in time.</param>
/// <param name="Works">Whether it works now.</param>
internal sealed record TakingUpActions(Action Ensure, Func<string, CancellationToken, Task> Restart, Func<string, bool> Works);
