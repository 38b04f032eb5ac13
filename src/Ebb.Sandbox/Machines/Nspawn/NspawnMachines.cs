using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Microsoft.Extensions.Logging;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>
/// Has the cloud's machines run as systemd-nspawn machines: a Debian that boots, runs cloud-init with the user data of its scale
/// set, and sees its metadata service. What runs on it beyond that is for the user data to say.
/// </summary>
public sealed class NspawnMachines : IAsyncDisposable
{
    private readonly NspawnOptions _options;
    private readonly CloudWorld _cloud;
    private readonly Room _room;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HostCommand _host;

    // Under the cloud's gate, as everything that hears of changes.
    private readonly Dictionary<string, (NspawnMachine Machine, MachineBirth Birth, Instance Last)> _machines = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<Task> _going = [];
    private MetadataListener? _metadata;

    private NspawnMachines(NspawnOptions options, CloudWorld cloud, Room room, TimeProvider time, ILogger logger)
    {
        _options = options;
        _cloud = cloud;
        _room = room;
        _time = time;
        _logger = logger;
        _host = new HostCommand(options.CommandLimit, time);
    }

    /// <summary>From now on every machine that the cloud switches on boots. What was left of earlier ones is removed first.</summary>
    /// <exception cref="NspawnException">Machines cannot run here; every cause is named.</exception>
    public static async Task<NspawnMachines> StartAsync(
        NspawnOptions options, CloudWorld cloud, AzureFace face, Room room, TimeProvider time, ILogger logger, CancellationToken ct)
    {
        if (NspawnSupport.Problems().Concat(NspawnSupport.Problems(options)).ToList() is { Count: > 0 } problems)
        {
            throw new NspawnException(string.Join(' ', problems));
        }

        await RemoveMachinesAsync(options.Name, options.Directory, time, ct);
        Directory.CreateDirectory(options.Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var machines = new NspawnMachines(options, cloud, room, time, logger);
        machines._metadata = await MetadataListener.StartAsync(room, face, cloud, ct);
        lock (cloud.Agenda.Gate)
        {
            cloud.InstanceChanged += machines.See;
        }

        return machines;
    }

    /// <summary>
    /// Removes what a sandbox that was killed left behind: its machines with all that runs on them, its room, its directory.
    /// Nothing happens where there is nothing.
    /// </summary>
    public static async Task RemoveLeftoversAsync(string sandbox, string directory, TimeProvider time, CancellationToken ct)
    {
        // The directory goes last: as long as it is there, there is something to remove.
        await ControlGroups.OfSandbox(Room.NameOf(sandbox)).RemoveAsync(time, ct);
        await Room.RemoveAsync(sandbox, time, ct);
        await RemoveMachinesAsync(sandbox, directory, time, ct);
    }

    /// <summary>Cuts every machine's power and removes it.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] going;
        lock (_cloud.Agenda.Gate)
        {
            _cloud.InstanceChanged -= See;
            foreach (var (machine, _, last) in _machines.Values)
            {
                machine.Remove(last);
                _going.Add(machine.Done);
            }

            _machines.Clear();
            going = [.. _going];
        }

        await Task.WhenAll(going);
        if (_metadata is not null)
        {
            await _metadata.DisposeAsync();
        }

        await RemoveMachinesAsync(_options.Name, _options.Directory, _time, CancellationToken.None);
    }

    private static async Task RemoveMachinesAsync(string sandbox, string directory, TimeProvider time, CancellationToken ct)
    {
        await ControlGroups.OfSandbox(Room.NameOf(sandbox)).RemoveAsync(time, ct);
        if (Directory.Exists(directory))
        {
            await MachineFiles.RemoveAsync(new HostCommand(TimeSpan.FromMinutes(2), time), [directory], ct);
        }
    }

    private void See(InstanceChange change)
    {
        var instance = change.Instance;
        if (!_options.Runs(instance))
        {
            return;
        }

        if (change.Event == InstanceEvent.Gone)
        {
            if (_machines.Remove(instance.ResourceId, out var gone))
            {
                gone.Machine.Remove(instance);
                _going.RemoveWhere(task => task.IsCompleted);
                _going.Add(gone.Machine.Done);
            }

            return;
        }

        if (!_machines.TryGetValue(instance.ResourceId, out var known))
        {
            known = (new NspawnMachine(instance, _options, _room, _host, _time, _logger), MachineBirth.Of(_cloud.Find(instance.Group, instance.Set), instance), instance);
        }

        switch (change.Event)
        {
            case InstanceEvent.PoweredOn when !instance.Deaf:
                known.Machine.PowerOn(instance, SizeOf(instance), known.Birth);
                break;
            // Without any time its power is cut, and the guest hears nothing of it before.
            case InstanceEvent.ShuttingDown when change.Notice != TimeSpan.Zero:
                known.Machine.ShutDown();
                break;
            case InstanceEvent.Stopped:
                known.Machine.PowerOff(instance);
                break;
            case InstanceEvent.Reimaged:
                known.Machine.Reimage();
                known.Birth = MachineBirth.Of(_cloud.Find(instance.Group, instance.Set), instance);
                break;
        }

        known.Last = instance;
        _machines[instance.ResourceId] = known;
    }

    private Size SizeOf(Instance instance) =>
        _cloud.Options.Sizes.First(size => size.Name.Equals(instance.Size, StringComparison.OrdinalIgnoreCase));
}
