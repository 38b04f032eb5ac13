using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Views;

/// <summary>What the world reads of a Pod object. What only scheduling needs is read when asked for.</summary>
internal sealed class PodView
{
    /// <summary>The annotation that numbers the pods of an Indexed Job.</summary>
    public const string IndexKey = "batch.kubernetes.io/job-completion-index";

    private readonly KubeObject? _pod;
    private readonly JsonObject? _json;
    private PodNeeds? _needs;

    private PodView(JsonObject json, KubeObject? pod)
    {
        _pod = pod;
        _json = pod is null ? json : null;
        var metadata = json["metadata"];
        Namespace = metadata.Text("namespace") ?? "";
        Name = metadata.Text("name") ?? "";
        Uid = metadata.Text("uid") ?? "";
        Labels = metadata.Map("labels");
        Created = metadata.Time("creationTimestamp") ?? default;
        Deletion = metadata.Time("deletionTimestamp");
        Owner = OwnerRef.ControllerOf(metadata);
        CompletionIndex = int.TryParse(metadata.At("annotations").Text(IndexKey), out var index) ? index : null;
        var spec = json["spec"];
        NodeName = spec.Text("nodeName") ?? "";
        Priority = (int)(spec.Number("priority") ?? 0);
        var status = json["status"];
        Phase = status.Text("phase") ?? "Pending";
        NominatedNode = status.Text("nominatedNodeName") ?? "";
        Started = status.Time("startTime");
        var ready = json.Condition("Ready");
        Ready = ready.Text("status") == "True";
        ReadySince = ready.Time("lastTransitionTime") ?? default;
        Gated = spec.At("schedulingGates") is JsonArray { Count: > 0 };
    }

    public string Namespace { get; }

    public string Name { get; }

    public string Uid { get; }

    public IReadOnlyDictionary<string, string> Labels { get; }

    public DateTimeOffset Created { get; }

    /// <summary>When it has to be gone; null while nobody deletes it.</summary>
    public DateTimeOffset? Deletion { get; }

    public OwnerRef? Owner { get; }

    /// <summary>Which part of an Indexed Job it works on.</summary>
    public int? CompletionIndex { get; }

    /// <summary>Empty until bound.</summary>
    public string NodeName { get; }

    public int Priority { get; }

    public string Phase { get; }

    public string NominatedNode { get; }

    /// <summary>Since when a kubelet has it; null before.</summary>
    public DateTimeOffset? Started { get; }

    public bool Ready { get; }

    /// <summary>Since when <see cref="Ready"/> is as it is.</summary>
    public DateTimeOffset ReadySince { get; }

    public bool Gated { get; }

    public bool Finished => Phase is "Succeeded" or "Failed";

    public bool Terminating => Deletion is not null;

    /// <summary>Neither finished nor being deleted.</summary>
    public bool Active => !Finished && !Terminating;

    public PodNeeds Needs => _needs ??= PodNeeds.Read((_json ?? _pod!.Json)["spec"]);

    public static PodView Of(KubeObject pod) => pod.View(json => new PodView(json, pod));

    /// <summary>Of an object that no store holds.</summary>
    public static PodView Of(JsonObject pod) => new(pod, null);
}

/// <summary>The controller that an object belongs to.</summary>
internal sealed record OwnerRef(string Kind, string Name, string Uid)
{
    public static OwnerRef? ControllerOf(JsonNode? metadata)
    {
        foreach (var owner in metadata.Objects("ownerReferences"))
        {
            if (owner.Flag("controller"))
            {
                return new OwnerRef(owner.Text("kind") ?? "", owner.Text("name") ?? "", owner.Text("uid") ?? "");
            }
        }

        return null;
    }
}
