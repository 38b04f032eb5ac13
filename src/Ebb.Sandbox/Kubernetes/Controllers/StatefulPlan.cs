using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Which pods a StatefulSet wants, and each after which of its revisions.</summary>
internal sealed class StatefulPlan
{
    public StatefulPlan(KubeObject set, List<KubeObject> revisions)
    {
        Set = set;
        Revisions = revisions;
        var spec = set.Json["spec"];
        First = (int)Math.Clamp(spec.Number("ordinals", "start") ?? 0, 0, int.MaxValue / 2);
        End = First + (int)Math.Clamp(spec.Number("replicas") ?? 1, 0, 100_000);
        InOrder = spec.Text("podManagementPolicy") != "Parallel";
        var strategy = spec.At("updateStrategy");
        Rolls = strategy.Text("type") != "OnDelete";
        Partition = (int)Math.Clamp(strategy.Number("rollingUpdate", "partition") ?? 0, 0, int.MaxValue);
        var current = set.Json["status"].Text("currentRevision");
        Newest = revisions.Count == 0 || set.Deleting ? set.Json["status"].Text("updateRevision") ?? "" : revisions[^1].Name;
        Current = set.Deleting || revisions.Exists(revision => revision.Name == current) ? current ?? "" : Newest;
    }

    public KubeObject Set { get; }

    /// <summary>Oldest first.</summary>
    public List<KubeObject> Revisions { get; }

    public int First { get; }

    /// <summary>The number after the last.</summary>
    public int End { get; }

    public bool InOrder { get; }

    /// <summary>Replaces pods of older revisions by itself.</summary>
    public bool Rolls { get; }

    /// <summary>Pods of lower numbers stay at <see cref="Current"/>.</summary>
    public int Partition { get; }

    /// <summary>The revision that all pods had when the last update was through.</summary>
    public string Current { get; }

    /// <summary>The revision of the template as it is now.</summary>
    public string Newest { get; }

    public string NameOf(int ordinal) => $"{Set.Name}-{ordinal}";

    public bool Wants(string pod) => OrdinalOf(pod) is { } ordinal && ordinal >= First && ordinal < End;

    /// <summary>Null for a name that none of its pods would have.</summary>
    public int? OrdinalOf(string pod) =>
        pod.StartsWith(Set.Name + "-", StringComparison.Ordinal) && int.TryParse(pod.AsSpan(Set.Name.Length + 1), out var ordinal)
            ? ordinal
            : null;

    public string RevisionFor(int ordinal) => Rolls && ordinal < Partition ? Current : Newest;

    public JsonNode? TemplateFor(int ordinal) =>
        RevisionFor(ordinal) is var name && name != Newest && Revisions.Find(revision => revision.Name == name) is { } older
            ? Controllers.Revisions.TemplateOf(older)
            : Set.Json["spec"].At("template");
}
