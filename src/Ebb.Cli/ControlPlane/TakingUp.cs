using System.Collections.Immutable;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.ControlPlane.Supervising;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.ControlPlane;

/// <summary>
/// Keeps the certificates of a running control plane from ending, and has renewed ones taken up: components whose files changed
/// are restarted one at a time, the store first, each only when the one before works again.
/// </summary>
/// <param name="ensure">Renews what is near its end.</param>
internal sealed partial class TakingUp(
    ImmutableArray<ComponentSpec> specs, Supervisor supervisor, PkiFiles files, Action ensure, TimeProvider time, ILogger<TakingUp> logger)
{
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    // Certificates are renewed with a third of a year left; a day more or less is nothing.
    private static readonly TimeSpan EnsureEvery = TimeSpan.FromDays(1);

    // An etcd member with much to read takes this long on a slow disk.
    private static readonly TimeSpan WorksAgainWithin = TimeSpan.FromMinutes(2);

    // Made before the components start: what is written from then on is seen.
    private readonly Dictionary<string, string> _startedWith = specs.ToDictionary(spec => spec.Name, spec => PkiFingerprint.Of(spec.Files));

    private string? _stuck;

    /// <summary>Until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var ensured = time.GetTimestamp();
        string? stamps = null;
        try
        {
            while (true)
            {
                if (time.GetElapsedTime(ensured) >= EnsureEvery)
                {
                    ensured = time.GetTimestamp();
                    Try(ensure);
                }

                if (_stuck is not null || Stamps() != stamps)
                {
                    var seen = Stamps();
                    stamps = await TakeUpAsync(ct) ? seen : null;
                }

                await Task.Delay(LookEvery, time, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The control plane ends.
        }
    }

    /// <summary>Restarts what has to be; false when that is not all done.</summary>
    private async Task<bool> TakeUpAsync(CancellationToken ct)
    {
        // The next must not go down while the one before is not up: etcd would lose its majority.
        if (IsRenewing() || (_stuck is not null && supervisor.States.Single(state => state.Name == _stuck).Condition is not Condition.Healthy))
        {
            return false;
        }

        _stuck = null;
        var all = PkiFingerprint.Of(files);
        foreach (var spec in specs)
        {
            var now = PkiFingerprint.Of(spec.Files);
            if (now == _startedWith[spec.Name])
            {
                continue;
            }

            _startedWith[spec.Name] = now;
            LogRestarting(spec.Name);
            try
            {
                await supervisor.RestartAsync(spec.Name, "its keys or settings changed", WorksAgainWithin, ct);
            }
            catch (TimeoutException e)
            {
                LogStuck(e.Message);
                _stuck = spec.Name;
                return false;
            }
        }

        return Try(() => SecretFile.Write(files.TakenUp, all));
    }

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

    private string Stamps() => string.Join(' ', specs.SelectMany(spec => spec.Files).Distinct().Select(File.GetLastWriteTimeUtc).Select(at => at.Ticks));

    private bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception e) when (e is EbbException or IOException)
        {
            // A full disk, or a file that a person has to look at. What runs goes on with what it has; it is tried again.
            LogTrouble(e.Message);
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
