using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation.Worlds;

namespace Ebb.Simulation.Scenarios;

/// <summary>
/// Pods that the scheduler had decided on before it saw a cordon, and that land behind it. The simulated scheduler sees
/// everything at once; the real one does not.
/// </summary>
internal sealed class SlipIns
{
    // How long a binding may be on its way in life, short of what nobody could reckon with.
    private const int MostMilliseconds = 1500;

    private readonly World _world;
    private readonly Random _random;
    private readonly double _share;
    private int _count;
    private bool _over;

    public SlipIns(World world, Scenario scenario)
    {
        _world = world;
        _share = scenario.SlipIns;
        _random = new Random(unchecked((scenario.Seed * 7919) + 5));
        if (_share > 0)
        {
            world.Kubernetes.Store.Subscribe(See);
        }
    }

    public void End() => _over = true;

    private void See(StoreEvent change)
    {
        if (!_over
            && change is { Type: StoreEventType.Modified, Before: { } before }
            && change.Object.Kind.Equals(Kinds.Node)
            && IsCordoned(change.Object) && !IsCordoned(before)
            && _random.NextDouble() < _share)
        {
            var node = change.Object.Name;
            var takes = TimeSpan.FromSeconds(_random.Next(20, 300));
            var pod = Workloads.Pod($"slip-{++_count}", new Needs { CpuMilli = 100, MemoryMiB = 64 }, takes);
            pod["spec"]!["nodeName"] = node;
            _world.Agenda.In(TimeSpan.FromMilliseconds(_random.Next(MostMilliseconds)), () => Land(node, pod));
        }
    }

    private void Land(string node, JsonObject pod)
    {
        if (_world.Kubernetes.Kubelets.Find(node) is { Alive: true })
        {
            _world.Kubernetes.Store.Create(Kinds.Pod, pod);
        }
    }

    private static bool IsCordoned(KubeObject node) =>
        node.Json["spec"]?["taints"] is JsonArray taints
        && taints.Any(taint => (string?)taint!["key"] == Marks.Retiring && (string?)taint["effect"] == "NoSchedule");
}
