using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>What the server fills into a Job.</summary>
internal static class JobDefaults
{
    public static void ApplySpec(JsonObject spec)
    {
        if (spec["completions"] is null && spec["parallelism"] is null)
        {
            spec["completions"] = 1;
        }

        spec.Default("parallelism", 1);
        spec.Default("backoffLimit", spec["backoffLimitPerIndex"] is null ? 6 : int.MaxValue);
        spec.Default("completionMode", "NonIndexed");
        spec.Default("suspend", false);
        spec.Default("manualSelector", false);
        spec.Default("podReplacementPolicy", spec["podFailurePolicy"] is null ? "TerminatingOrFailed" : "Failed");
        Defaults.Template(spec);
    }

    /// <summary>Gives a new Job the selector and labels by which it knows its pods.</summary>
    public static void Select(JsonObject job)
    {
        var spec = job["spec"]!.AsObject();
        var metadata = job["metadata"]!.AsObject();
        if (spec.IsTrue("manualSelector"))
        {
            if (metadata["labels"] is null && spec.At("template", "metadata", "labels") is JsonObject { Count: > 0 } given)
            {
                metadata["labels"] = given.DeepClone();
            }

            return;
        }

        var (name, uid) = (metadata.Text("name"), metadata.Text("uid"));
        spec["selector"] = new JsonObject
        {
            ["matchLabels"] = new JsonObject { ["batch.kubernetes.io/controller-uid"] = uid },
        };
        var labels = spec.Ensure("template").Ensure("metadata").Ensure("labels");
        labels["batch.kubernetes.io/controller-uid"] = uid;
        labels["batch.kubernetes.io/job-name"] = name;

        // The names from before they had a prefix; many tools still ask for them.
        labels["controller-uid"] = uid;
        labels["job-name"] = name;
        if (metadata["labels"] is null)
        {
            metadata["labels"] = labels.DeepClone();
        }
    }
}
