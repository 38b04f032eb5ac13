using Ebb.Planning;
using Ebb.Scheduling;

namespace Ebb.Growing;

/// <summary>The pods that wait, in groups of those that the scheduler cannot tell apart.</summary>
internal sealed class Demand
{
    private readonly Draft _draft;

    public Demand(Draft draft)
    {
        _draft = draft;
        List<Pod> waiting = [];
        SetAside(waiting);

        HashSet<PodClass> classes = [];
        foreach (var pod in waiting)
        {
            if (classes.Add(pod.Class))
            {
                Dimensions.Include(pod.Class.Requests);
            }
        }

        // What runs may have to move: its resources count too.
        foreach (var node in draft.Nodes)
        {
            foreach (var name in node.Load.Extended?.Keys ?? Enumerable.Empty<string>())
            {
                Dimensions.Include(name);
            }
        }

        FindWhoKeepsApart(classes);
        PodsMatter = KeepingApart.Count > 0 || classes.Any(kind => kind.LooksAtPods);
        ZonesMatter = PodsMatter || classes.Any(LooksAtZones);
        Group(waiting, PodsMatter ? KeysSeen(classes) : null);
    }

    public Dimensions Dimensions { get; } = new();

    /// <summary>In the order in which their pods came.</summary>
    public List<PodGroup> Groups { get; } = [];

    /// <summary>Classes, of pods that run or wait, that do not want certain others near.</summary>
    public HashSet<PodClass> KeepingApart { get; } = [];

    /// <summary>Whether where pods are decides where others may go.</summary>
    public bool PodsMatter { get; }

    public bool ZonesMatter { get; }

    public LabelSet NamespaceLabels(string ns) => _draft.Snapshot.Namespaces.GetValueOrDefault(ns) ?? LabelSet.Empty;

    /// <summary>Pods that no machine helps get their reason at once.</summary>
    private void SetAside(List<Pod> waiting)
    {
        Dictionary<string, List<Pod>>? aside = null;
        foreach (var pod in _draft.Snapshot.Pending)
        {
            var why = pod.Leaving ? "leaving: its deletion has been asked for"
                : pod.Gated ? "held: waits for its scheduling gates"
                : pod.Class.Blocked is { } blocked ? $"waiting: {blocked}"
                : null;
            if (why is null)
            {
                waiting.Add(pod);
                continue;
            }

            aside ??= [];
            if (!aside.TryGetValue(why, out var pods))
            {
                aside[why] = pods = [];
            }

            pods.Add(pod);
        }

        foreach (var (why, pods) in aside ?? [])
        {
            _draft.PodReasons.Add(new PodReason([.. pods], why));
        }
    }

    private void FindWhoKeepsApart(HashSet<PodClass> pending)
    {
        KeepingApart.UnionWith(pending.Where(kind => kind.AntiAffinity.Length > 0));
        if (pending.Count == 0)
        {
            return;
        }

        foreach (var node in _draft.Nodes)
        {
            if (node.Load.KeepsApart)
            {
                KeepingApart.UnionWith(node.Node.Pods.Where(pod => !pod.Finished && pod.Class.AntiAffinity.Length > 0).Select(pod => pod.Class));
            }
        }
    }

    /// <summary>Labels of pods that any selector in play asks for; by others pods need not be told apart.</summary>
    private HashSet<string> KeysSeen(HashSet<PodClass> pending)
    {
        HashSet<string> keys = [];
        foreach (var kind in pending.Union(KeepingApart))
        {
            See(kind.Spread.Select(constraint => constraint.Selector));
            See(kind.Affinity.Select(term => term.Selector));
            See(kind.AntiAffinity.Select(term => term.Selector));
        }

        return keys;

        void See(IEnumerable<LabelSelector?> selectors) =>
            keys.UnionWith(selectors.SelectMany(selector => selector?.Requirements ?? []).Select(requirement => requirement.Key));
    }

    private void Group(List<Pod> waiting, HashSet<string>? keysSeen)
    {
        Dictionary<PodClass, PodGroup> plain = [];
        Dictionary<(PodClass, string, LabelSet), PodGroup> seen = [];
        Dictionary<LabelSet, LabelSet> projected = [];
        PodGroup? last = null;
        foreach (var pod in waiting)
        {
            if (keysSeen is null)
            {
                // Pods alike come in a row: most are done with one comparison.
                if (last?.Class != pod.Class && !plain.TryGetValue(pod.Class, out last))
                {
                    plain[pod.Class] = last = Add(pod.Class, pod.Namespace, LabelSet.Empty);
                }

                last!.Pods.Add(pod);
                continue;
            }

            if (!projected.TryGetValue(pod.Labels, out var labels))
            {
                projected[pod.Labels] = labels = pod.Labels.Only(keysSeen);
            }

            if (!seen.TryGetValue((pod.Class, pod.Namespace, labels), out var group))
            {
                seen[(pod.Class, pod.Namespace, labels)] = group = Add(pod.Class, pod.Namespace, labels);
            }

            group.Pods.Add(pod);
        }
    }

    private PodGroup Add(PodClass kind, string ns, LabelSet labels)
    {
        var group = new PodGroup(kind, ns, labels, Dimensions.Row(kind.Requests));
        if (PodsMatter)
        {
            var topology = new GroupTopology(kind, ns, labels, NamespaceLabels, _draft.Snapshot.Rules);
            if (kind.LooksAtPods || KeepingApart.Any(topology.IsShunnedBy))
            {
                group.Topology = topology;
            }
        }

        Groups.Add(group);
        return group;
    }

    private static bool LooksAtZones(PodClass kind) =>
        kind.VolumeTerms.Length > 0
        || kind.NodeSelector.Keys.Any(IsZone)
        || kind.NodeTerms.Any(term => term.Labels.Any(requirement => IsZone(requirement.Key)));

    private static bool IsZone(string key) => key.EndsWith("/zone", StringComparison.Ordinal);
}
