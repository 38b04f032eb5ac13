using System.Threading.Channels;
using Ebb.Cli.Provisioning;
using Ebb.Sandbox.Cloud;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>
/// Stands in for the control-plane machines that boot in the subscription, with one cluster for all of them: its API answers at their
/// public address as long as one of them runs, and what it holds goes with the last of them.
/// </summary>
internal sealed partial class ControlPlanes : IAsyncDisposable
{
    private readonly Channel<InstanceChange> _changes = Channel.CreateUnbounded<InstanceChange>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<string, (CancellationTokenSource Stop, Task Run)> _running = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _there = new(StringComparer.OrdinalIgnoreCase);
    private readonly CloudWorld _cloud;
    private readonly ControlPlaneGround _ground;
    private readonly IControlPlaneCluster _cluster;
    private readonly AuthorityStore _store;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;

    public ControlPlanes(CloudWorld cloud, ControlPlaneGround ground, IControlPlaneCluster cluster, TimeProvider time, ILoggerFactory loggers)
    {
        (_cloud, _ground, _cluster, _store, _time, _loggers) = (cloud, ground, cluster, new AuthorityStore(time), time, loggers);
        _logger = loggers.CreateLogger<ControlPlanes>();
        lock (_cloud.Agenda.Gate)
        {
            _cloud.InstanceChanged += See;
        }
    }

    public static bool IsControlPlane(ScaleSet set) =>
        set.Standalone && set.Tags.GetValueOrDefault(ResourceNames.RoleTag) == ResourceNames.ControlPlaneRole;

    /// <summary>Until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        await foreach (var change in _changes.Reader.ReadAllAsync(ct))
        {
            var id = change.Instance.ResourceId;
            switch (change.Event)
            {
                case InstanceEvent.Booted:
                    await EndAsync(id);
                    _there.Add(id);
                    Begin(change.Instance, ct);
                    break;
                case InstanceEvent.Stopped:
                    await EndAsync(id);
                    await CloseAsync();
                    break;
                case InstanceEvent.Reimaged:
                    await EndAsync(id);
                    DiskOf(change.Instance).Wipe();
                    break;
                case InstanceEvent.Gone:
                    await EndAsync(id);
                    DiskOf(change.Instance).Wipe();
                    _there.Remove(id);
                    await CloseAsync();
                    break;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var id in _running.Keys.ToList())
        {
            await EndAsync(id);
        }

        if (Directory.Exists(_ground.Directory))
        {
            // Keys lie on the disks; what join servers wrote down beside them is for whoever asks why.
            foreach (var disk in Directory.EnumerateDirectories(_ground.Directory))
            {
                Directory.Delete(disk, recursive: true);
            }
        }
    }

    // Called under the gate.
    private void See(InstanceChange change)
    {
        if (change.Instance.Standalone && change.Event is InstanceEvent.Booted or InstanceEvent.Stopped or InstanceEvent.Reimaged or InstanceEvent.Gone
            && (change.Event is not InstanceEvent.Booted || (_cloud.Find(change.Instance.Group, change.Instance.Set) is { } set && IsControlPlane(set))))
        {
            _changes.Writer.TryWrite(change);
        }
    }

    private ControlPlaneDisk DiskOf(Instance machine) => new(Path.Combine(_ground.Directory, machine.Name));

    private void Begin(Instance machine, CancellationToken ct)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        _running[machine.ResourceId] = (stop, RunAsync(machine, stop.Token));
    }

    private async Task RunAsync(Instance machine, CancellationToken ct)
    {
        try
        {
            if (_cloud.Find(machine.Group, machine.Set) is not { } set || BirthConfig.File(set.CustomDataOf(machine), ControlPlaneBirth.Path) is not { } birth)
            {
                LogNoBirth(machine.Name, ControlPlaneBirth.Path);
                return;
            }

            await using var stand = new ControlPlaneMachine(machine, ControlPlaneBirth.Read(birth), DiskOf(machine), _ground, _cluster, _store, _time, _loggers);
            await stand.RunAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Its power was cut.
        }
#pragma warning disable CA1031 // One machine that cannot work must not end the cloud that it is in; why is in the log.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogDied(machine.Name, e);
        }
    }

    private async Task EndAsync(string id)
    {
        if (_running.Remove(id, out var running))
        {
            await running.Stop.CancelAsync();
            await running.Run;
            running.Stop.Dispose();
        }
    }

    /// <summary>Ends the API when no machine runs it; and what it held when none is left to come back to it.</summary>
    private async Task CloseAsync()
    {
        if (_running.Count > 0)
        {
            return;
        }

        await _cluster.CloseAsync();
        if (_there.Count == 0)
        {
            await _cluster.ForgetAsync();
            _store.Forget();
        }
    }

    [LoggerMessage(LogLevel.Error, "Control-plane machine {Machine} was told nothing at its birth that says what to run: its cloud-config has no {Path}")]
    private partial void LogNoBirth(string machine, string path);

    [LoggerMessage(LogLevel.Error, "Control-plane machine {Machine} died")]
    private partial void LogDied(string machine, Exception e);
}
