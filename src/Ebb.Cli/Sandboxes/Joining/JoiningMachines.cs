using Ebb.Joining;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Machines;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes.Joining;

/// <summary>
/// Hollow machines that become nodes as others do: what they run when they boot is the agent, with the configuration out of their own
/// custom data; a hollow kubelet starts once the join server has admitted them, as the node that it says.
/// </summary>
internal sealed partial class JoiningMachines : IAsyncDisposable
{
    private readonly CloudWorld _cloud;
    private readonly HollowMachines _machines;
    private readonly Func<Instance, Uri> _metadataOf;
    private readonly Dial _dial;
    private readonly Func<BootedMachine, Action> _startKubelet;
    private readonly ILogger<JoiningMachines> _logger;
    private readonly Func<BootedMachine, Action> _before;

    // Under the cloud's gate, as everything that hears of changes.
    private readonly Dictionary<string, JoiningMachine> _running = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, byte[]> _customData = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<Task> _going = [];
    private readonly HashSet<string> _nodes = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="machines">What boots from now on is for this to run.</param>
    /// <param name="metadataOf">The address of a machine's own metadata service.</param>
    /// <param name="dial">The network that the machines are on: how they reach their join servers.</param>
    /// <param name="startKubelet">
    /// Starts the hollow kubelet and answers what is to be done when the power is cut, called under the gate; null: what
    /// <paramref name="machines"/> starts.
    /// </param>
    public JoiningMachines(
        CloudWorld cloud,
        HollowMachines machines,
        Func<Instance, Uri> metadataOf,
        Dial dial,
        Func<BootedMachine, Action>? startKubelet,
        ILogger<JoiningMachines> logger)
    {
        (_cloud, _machines, _metadataOf, _dial, _logger) = (cloud, machines, metadataOf, dial, logger);
        lock (cloud.Agenda.Gate)
        {
            _before = machines.Boot;
            _startKubelet = startKubelet ?? machines.StartKubelet;
            machines.Boot = Boot;
            cloud.InstanceChanged += See;
        }
    }

    /// <summary>Ends all agents, as when every machine loses power at once.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] going;
        lock (_cloud.Agenda.Gate)
        {
            _cloud.InstanceChanged -= See;
            _machines.Boot = _before;
            foreach (var machine in _running.Values)
            {
                machine.Cut();
                _going.Add(machine.DisposeAsync().AsTask());
            }

            _running.Clear();
            going = [.. _going];
        }

        await Task.WhenAll(going);
    }

    private Action Boot(BootedMachine booted)
    {
        var id = booted.Instance.ResourceId;
        if (FileOf(booted) is not { } file)
        {
            // Nothing on it asks to join.
            return () => { };
        }

        var machine = new JoiningMachine(booted, file, _metadataOf(booted.Instance), _dial, StartKubelet, () => WasNode(id), _cloud.Agenda.Time, _logger);
        _running[id] = machine;
        machine.Begin();
        return () =>
        {
            machine.Cut();
            if (_running.Remove(id))
            {
                _going.RemoveWhere(task => task.IsCompleted);
                _going.Add(machine.DisposeAsync().AsTask());
            }
        };
    }

    private bool WasNode(string id)
    {
        lock (_cloud.Agenda.Gate)
        {
            return _nodes.Contains(id);
        }
    }

    private AgentConfiguration? FileOf(BootedMachine booted)
    {
        try
        {
            return BirthConfig.File(_customData.GetValueOrDefault(booted.Instance.ResourceId) ?? booted.Set.CustomDataOf(booted.Instance), AgentConfiguration.Path) is { } file
                ? AgentConfiguration.Parse(file, AgentConfiguration.Path)
                : null;
        }
        catch (EbbException e)
        {
            // On other machines the agent says so in the journal, again and again, to nobody's use.
            LogMisconfigured(booted.Instance.Name, e.Message);
            return null;
        }
    }

    /// <summary>The machine has been admitted as this node; a machine that was cut meanwhile starts none.</summary>
    private void StartKubelet(JoiningMachine machine, BootedMachine asNode)
    {
        lock (_cloud.Agenda.Gate)
        {
            if (machine.IsOn)
            {
                machine.KubeletRuns(_startKubelet(asNode));
                _nodes.Add(asNode.Instance.ResourceId);
            }
        }
    }

    private void See(InstanceChange change)
    {
        var id = change.Instance.ResourceId;
        switch (change.Event)
        {
            case InstanceEvent.Created or InstanceEvent.Reimaged:
                // What it was told at its birth stays with it, whatever the set holds for others later.
                _customData[id] = _cloud.Find(change.Instance.Group, change.Instance.Set)?.CustomDataOf(change.Instance) ?? [];
                _nodes.Remove(id);
                break;
            case InstanceEvent.ShuttingDown when _running.TryGetValue(id, out var machine):
                machine.ShutDown(change.Notice);
                break;
            case InstanceEvent.Gone:
                _customData.Remove(id);
                _nodes.Remove(id);
                break;
        }
    }

    [LoggerMessage(LogLevel.Error, "The agent of {Machine} cannot run: {Reason}")]
    private partial void LogMisconfigured(string machine, string reason);
}
