using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>What a Job's podFailurePolicy says of a failed pod.</summary>
internal static class PodFailurePolicy
{
    /// <summary>Count, Ignore, FailJob or FailIndex: that of the first rule that matches.</summary>
    public static string ActionFor(JsonNode? jobSpec, KubeObject pod)
    {
        foreach (var rule in jobSpec.At("podFailurePolicy").Objects("rules"))
        {
            if (Matches(rule, pod.Json))
            {
                return rule.Text("action") ?? "Count";
            }
        }

        return "Count";
    }

    private static bool Matches(JsonObject rule, JsonObject pod)
    {
        if (rule.At("onExitCodes") is { } codes)
        {
            return pod["status"].Objects("containerStatuses")
                .Concat(pod["status"].Objects("initContainerStatuses"))
                .Where(status => codes.Text("containerName") is not { } name || status.Text("name") == name)
                .Select(status => status.At("state").Number("terminated", "exitCode"))
                .Any(code => code is not null and not 0 && Holds(codes, code.Value));
        }

        return rule.Objects("onPodConditions").Any(wanted =>
            pod.Condition(wanted.Text("type") ?? "").Text("status") == (wanted.Text("status") ?? "True"));
    }

    private static bool Holds(JsonNode codes, long code)
    {
        var listed = codes.At("values") is JsonArray values && values.Any(value => value.Number() == code);
        return codes.Text("operator") == "NotIn" ? !listed : listed;
    }
}
