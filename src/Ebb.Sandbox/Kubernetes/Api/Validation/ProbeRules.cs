using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What the probes of containers must look like.</summary>
internal static class ProbeRules
{
    private static readonly string[] Counts =
        ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];

    private static readonly string[] Handlers = ["exec", "httpGet", "tcpSocket", "grpc"];

    /// <param name="once">One success must be enough.</param>
    public static void Check(JsonObject? probe, string path, bool once, Problems problems)
    {
        if (probe is null)
        {
            return;
        }

        CheckHandler(probe, path, problems);
        foreach (var count in Counts)
        {
            if (probe.Whole(count) is < 0)
            {
                problems.Add(Problem.Invalid($"{path}.{count}", probe[count], "must be greater than or equal to 0"));
            }
        }

        if (once && probe.Whole("successThreshold") is not (null or 1))
        {
            problems.Add(Problem.Invalid(path + ".successThreshold", probe["successThreshold"], "must be 1"));
        }
    }

    private static void CheckHandler(JsonObject probe, string path, Problems problems)
    {
        var found = Handlers.Where(probe.ContainsKey).ToList();
        if (found.Count == 0)
        {
            problems.Add(Problem.Required(path, "must specify a handler type"));
            return;
        }

        if (found[0] == "exec" && probe.Object("exec").Array("command") is not { Count: > 0 })
        {
            problems.Add(Problem.Required(path + ".exec.command"));
        }

        foreach (var more in found.Skip(1))
        {
            problems.Add(Problem.Forbidden($"{path}.{more}", "may not specify more than 1 handler type"));
        }
    }
}
