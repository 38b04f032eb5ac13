using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Scheduling;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Kubelet;

/// <summary>A kubelet that runs nothing: it registers a node and lets pods pass through their lives on the clock.</summary>
public sealed class HollowKubelet
{
    private readonly HollowKubelets _all;
    private readonly Dictionary<string, PodRun> _pods = new(StringComparer.Ordinal);
    private readonly Random _random;
    private readonly int _index;
    private NodeSlot? _slot;
    private int _addresses;

    internal HollowKubelet(HollowKubelets all, HollowNode node, int index, Random random)
    {
        _all = all;
        Node = node;
        _index = index;
        _random = random;
    }

    public HollowNode Node { get; private set; }

    /// <summary>Its machine has power.</summary>
    public bool Alive { get; private set; } = true;

    /// <summary>Its Node object has been written.</summary>
    public bool IsRegistered { get; private set; }

    /// <summary>What runs here now asks for this much CPU.</summary>
    public long CpuMilli => _pods.Values.Where(run => run.Busy).Sum(run => run.Pod.Needs.Requests.CpuMilli);

    /// <summary>How many pods run here now.</summary>
    public int RunningPods => _pods.Values.Count(run => run.Busy);

    public long MemoryBytes => _pods.Values.Where(run => run.Busy).Sum(run => run.Pod.Needs.Requests.MemoryBytes);

    internal Agenda Agenda => Api.Agenda;

    internal HollowOptions Options => _all.Options;

    private IKubeletApi Api => _all.Api;

    internal void Start() => Agenda.In(Options.Register.Draw(_random), Register);

    internal void Become(string release) => Node = Node with { KubeletVersion = release };

    internal void Die()
    {
        Alive = false;
        foreach (var run in _pods.Values.ToArray())
        {
            var since = run.RunningSince;
            if (run.Abandon())
            {
                _all.Raise(Describe(run.Pod, since, InterruptionCause.MachineGone));
            }
        }

        _pods.Clear();
    }

    internal void See(KubeObject pod, bool gone)
    {
        if (!Alive || !IsRegistered)
        {
            return;
        }

        if (gone)
        {
            Forget(pod);
            return;
        }

        if (_pods.TryGetValue(pod.Uid, out var run))
        {
            if (pod.Deleting)
            {
                run.Stop(pod);
            }

            return;
        }

        Take(pod);
    }

    internal IReadOnlyList<LogLine>? Log(string uid, string container, bool previous) =>
        _pods.TryGetValue(uid, out var run) ? run.Log(container, previous) : null;

    internal PodRun? Run(string uid) => _pods.GetValueOrDefault(uid);

    internal string NextPodAddress()
    {
        var host = 2 + (_addresses++ % 250);
        return $"10.{42 + ((_index >> 8) & 63)}.{_index & 255}.{host}";
    }

    internal KubeObject? Find(PodView pod) =>
        Alive ? Api.Pod(pod) : null;

    internal void Tell(PodView pod, string reason, string message)
    {
        if (Find(pod) is { } current)
        {
            Api.Tell(this, current, reason, message);
        }
    }

    internal void Interrupted(PodRun run)
    {
        var cause = Find(run.Pod)?.Json.Condition("DisruptionTarget").Text("reason") switch
        {
            "EvictionByEvictionAPI" => InterruptionCause.Eviction,
            "PreemptionByScheduler" => InterruptionCause.Preemption,
            "DeletionByTaintManager" => InterruptionCause.Taint,
            _ => InterruptionCause.Deletion,
        };
        _all.Raise(Describe(run.Pod, run.RunningSince, cause));
    }

    /// <summary>Its place is free again.</summary>
    internal void Release(PodRun run) => _slot?.Remove(run.Pod.Uid);

    /// <summary>Tells the API server that a deleted pod has ended.</summary>
    internal void ConfirmEnd(PodView pod)
    {
        if (Alive)
        {
            Api.ConfirmEnd(this, pod);
        }
    }

    internal void Write(PodView pod, Action<JsonObject> fillIn)
    {
        if (Alive)
        {
            Api.WriteStatus(this, pod, fillIn);
        }
    }

    /// <summary>The Node object is there.</summary>
    internal void Registered(NodeView node)
    {
        if (!Alive)
        {
            return;
        }

        IsRegistered = true;
        _slot = new NodeSlot(node);
        _all.Lives(this);
        Agenda.In(Options.Ready.Draw(_random), BecomeReady);
        foreach (var pod in Api.PodsOn(Node.Name))
        {
            See(pod, gone: false);
        }
    }

    private void Register()
    {
        if (Alive)
        {
            Api.Register(this);
        }
    }

    private void BecomeReady()
    {
        if (Alive)
        {
            Api.SayReady(this);
        }
    }

    private void Take(KubeObject pod)
    {
        var view = PodView.Of(pod);
        if (view.Finished)
        {
            return;
        }

        var run = new PodRun(this, pod);
        _pods[pod.Uid] = run;
        var noticed = Options.Notice.Draw(_random);
        if (pod.Deleting)
        {
            run.Stop(pod);
            return;
        }

        if (Api.Node(Node.Name) is { } node)
        {
            _slot!.Node = node;
        }

        if (!view.Needs.Nodes.Accepts(_slot!.Node))
        {
            run.Reject(
                noticed,
                "NodeAffinity",
                "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
        }
        else if (!_slot.Fits(view.Needs))
        {
            var (resource, asked, used, total) = Shortage(view.Needs.Requests);
            run.Reject(
                noticed,
                "OutOf" + resource,
                $"Pod was rejected: Node didn't have enough resource: {resource}, requested: {asked}, used: {used}, capacity: {total}");
        }
        else
        {
            _slot.Add(view);
            var start = Options.Start.Draw(_random);
            if (view.Phase == "Running")
            {
                run.BeginAgain(pod, noticed, start);
            }
            else
            {
                run.Begin(noticed, start);
            }
        }
    }

    private (string Resource, long Asked, long Used, long Total) Shortage(Amounts asks)
    {
        var has = _slot!.Node.Allocatable;
        if (_slot.CpuMilli + asks.CpuMilli > has.CpuMilli)
        {
            return ("cpu", asks.CpuMilli, _slot.CpuMilli, has.CpuMilli);
        }

        if (_slot.MemoryBytes + asks.MemoryBytes > has.MemoryBytes)
        {
            return ("memory", asks.MemoryBytes, _slot.MemoryBytes, has.MemoryBytes);
        }

        foreach (var (name, units) in asks.Others)
        {
            if (_slot.Used(name) + units > has.Other(name))
            {
                return (name, units, _slot.Used(name), has.Other(name));
            }
        }

        return _slot.DiskBytes + asks.DiskBytes > has.DiskBytes
            ? ("ephemeral-storage", asks.DiskBytes, _slot.DiskBytes, has.DiskBytes)
            : ("pods", 1, _slot.Pods.Count, _slot.Node.Pods);
    }

    /// <summary>A pod went without waiting for its kubelet, or the kubelet itself confirmed its end.</summary>
    private void Forget(KubeObject pod)
    {
        if (!_pods.Remove(pod.Uid, out var run))
        {
            return;
        }

        var since = run.RunningSince;
        if (run.Abandon())
        {
            _all.Raise(Describe(run.Pod, since, InterruptionCause.Deletion));
        }

        Release(run);
    }

    private Interruption Describe(PodView pod, DateTimeOffset? since, InterruptionCause cause) => new(
        Agenda.Now,
        pod.Namespace,
        pod.Name,
        pod.Uid,
        Node.Name,
        pod.Owner is { } owner ? $"{owner.Kind}/{owner.Name}" : "",
        since is not null,
        since is { } started ? Agenda.Now - started : TimeSpan.Zero,
        cause);
}
