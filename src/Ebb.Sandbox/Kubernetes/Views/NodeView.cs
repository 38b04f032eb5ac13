using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Views;

/// <summary>What the world reads of a Node object.</summary>
internal sealed class NodeView
{
    private NodeView(JsonObject json)
    {
        var metadata = json["metadata"];
        Name = metadata.Text("name") ?? "";
        Uid = metadata.Text("uid") ?? "";
        Labels = metadata.Map("labels");
        var spec = json["spec"];
        Unschedulable = spec.Flag("unschedulable");
        Taints = [.. spec.Objects("taints").Select(Taint.Read)];
        var allocatable = json["status"].At("allocatable");
        Allocatable = Amounts.Read(allocatable);
        Pods = Quantity.Units(Quantity.TextOf(allocatable.At("pods"))) ?? 0;
        Ready = json.Condition("Ready").Text("status");
    }

    public string Name { get; }

    public string Uid { get; }

    public IReadOnlyDictionary<string, string> Labels { get; }

    public bool Unschedulable { get; }

    public ImmutableArray<Taint> Taints { get; }

    public Amounts Allocatable { get; }

    /// <summary>How many pods it may run.</summary>
    public long Pods { get; }

    /// <summary>True, False, Unknown; null before the kubelet has said anything.</summary>
    public string? Ready { get; }

    public static NodeView Of(KubeObject node) => node.View(static json => new NodeView(json));

    public static NodeView Of(JsonObject node) => new(node);

    /// <summary>The first taint that keeps a pod with these tolerations off; null when none does.</summary>
    public Taint? Untolerated(ImmutableArray<Toleration> tolerations)
    {
        foreach (var taint in Taints)
        {
            if (taint.Effect is Taint.NoSchedule or Taint.NoExecute && !tolerations.Any(t => t.Bears(taint)))
            {
                return taint;
            }
        }

        return null;
    }
}
