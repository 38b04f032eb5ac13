using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Kubelet;

namespace Ebb.Sandbox.Machines;

/// <summary>Lets the cloud's machines run something when they boot, and die when their power is cut.</summary>
public sealed class HollowMachines
{
    private readonly CloudWorld _cloud;
    private readonly HollowKubelets _kubelets;
    private readonly HollowMachineOptions _options;
    private readonly Dictionary<string, (string Node, Action PowerCut)> _running = new(StringComparer.OrdinalIgnoreCase);

    public HollowMachines(CloudWorld cloud, HollowKubelets kubelets, HollowMachineOptions options)
    {
        _cloud = cloud;
        _kubelets = kubelets;
        _options = options;
        Boot = StartKubelet;
        cloud.InstanceChanged += See;
        if (options.MeasureCpu)
        {
            cloud.CpuPercent = CpuPercent;
        }
    }

    /// <summary>
    /// What a machine runs when it boots. Default: a hollow kubelet. Called under the gate; answers what is to be done when
    /// the machine's power is cut.
    /// </summary>
    public Func<BootedMachine, Action> Boot { get; set; }

    /// <summary>Ends what runs, and hears of the cloud's machines no more. Under the gate.</summary>
    public void Detach()
    {
        _cloud.InstanceChanged -= See;
        foreach (var (_, running) in _running)
        {
            running.PowerCut();
        }

        _running.Clear();
    }

    /// <summary>Boots a hollow kubelet on the machine.</summary>
    public Action StartKubelet(BootedMachine machine)
    {
        var name = machine.Node.Name;
        var kubelet = _kubelets.Start(machine.Node);
        return () =>
        {
            // A machine that took its name over since has a kubelet of its own.
            if (ReferenceEquals(_kubelets.Find(name), kubelet))
            {
                _kubelets.Kill(name);
            }
        };
    }

    private void See(InstanceChange change)
    {
        var instance = change.Instance;
        switch (change.Event)
        {
            case InstanceEvent.Booted:
                if (_cloud.Find(instance.Group, instance.Set) is { } set)
                {
                    CutPower(instance);
                    var node = MachineShape.Of(instance, set, _cloud.Options, _kubelets.Options);
                    _running[instance.ResourceId] = (node.Name, Boot(new BootedMachine(instance, set, node)));
                }

                break;
            case InstanceEvent.Stopped:
                CutPower(instance);
                break;
            case InstanceEvent.Gone:
                CutPower(instance);
                if (_options.DeleteNodesOfGoneMachines)
                {
                    _cloud.Agenda.In(_options.NoticeGoneAfter, () => DeleteNode(instance));
                }

                break;
        }
    }

    private void CutPower(Instance instance)
    {
        if (_running.Remove(instance.ResourceId, out var running))
        {
            running.PowerCut();
        }
    }

    private void DeleteNode(Instance instance) =>
        _kubelets.Api.DeleteNode(instance.ComputerName.ToLowerInvariant(), instance.ProviderId);

    private double CpuPercent(Instance instance) =>
        _running.TryGetValue(instance.ResourceId, out var running)
        && _kubelets.Find(running.Node) is { Node.CpuMilli: > 0 } kubelet
            ? Math.Min(100, 100.0 * kubelet.CpuMilli / kubelet.Node.CpuMilli)
            : 0;
}
