using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Kubelet.Shell;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Kubelet;

/// <summary>Finds out what running a container would come to: from the pod's annotations, or from its command.</summary>
internal static class Programs
{
    private const string DurationMark = "sandbox.ebb.dev/duration";
    private const string ExitCodeMark = "sandbox.ebb.dev/exit-code";
    private const string StopMark = "sandbox.ebb.dev/stop";

    private static readonly HashSet<string> Shells = ["sh", "bash", "ash", "dash"];

    public static Outcome Of(JsonObject pod, JsonObject container, bool main, string node, DateTimeOffset now)
    {
        var outcome = ByCommand(pod, container, node, now);
        if (!main)
        {
            return outcome;
        }

        var metadata = pod["metadata"];
        var annotations = metadata.At("annotations");
        var exitCode = int.TryParse(annotations.Text(ExitCodeMark), out var code) ? code : (int?)null;
        if (Durations.Parse(annotations.Text(DurationMark)) is { } takes)
        {
            return outcome with { Takes = takes, ExitCode = exitCode ?? 0 };
        }

        return exitCode is { } other && outcome.Takes is not null ? outcome with { ExitCode = other } : outcome;
    }

    /// <summary>How long the pod's containers take to end when told; null: the usual.</summary>
    public static TimeSpan? StopTime(JsonObject pod) => Durations.Parse(pod["metadata"].At("annotations").Text(StopMark));

    private static Outcome ByCommand(JsonObject pod, JsonObject container, string node, DateTimeOffset now)
    {
        var environment = Environment(pod, container, node);
        var arguments = container.Texts("command").Concat(container.Texts("args"))
            .Select(argument => Substitute(argument, environment))
            .ToList();
        if (arguments.Count == 0)
        {
            return Outcome.Endless;
        }

        var random = new Random(Hash(pod["metadata"].Text("uid") ?? ""));
        if (Shells.Contains(arguments[0].Split('/')[^1]))
        {
            var option = arguments.FindIndex(1, a => a.StartsWith('-') && a.EndsWith('c'));
            return option < 0 || option + 1 >= arguments.Count
                ? Outcome.Endless
                : ScriptRun.Of(arguments[option + 1], environment, now, random);
        }

        return ScriptRun.Of(arguments, environment, now, random);
    }

    private static Dictionary<string, string> Environment(JsonObject pod, JsonObject container, string node)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HOSTNAME"] = pod["metadata"].Text("name") ?? "",
            ["HOME"] = "/root",
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        };
        foreach (var variable in container.Objects("env"))
        {
            if (variable.Text("name") is { } name)
            {
                environment[name] = variable.Text("value") is { } value
                    ? Substitute(value, environment)
                    : Field(pod, variable.At("valueFrom", "fieldRef").Text("fieldPath") ?? "", node);
            }
        }

        return environment;
    }

    private static string Field(JsonObject pod, string path, string node)
    {
        var metadata = pod["metadata"];
        foreach (var map in new[] { "annotations", "labels" })
        {
            if (path.StartsWith($"metadata.{map}['", StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal))
            {
                return metadata.At(map).Text(path[(map.Length + 11)..^2]) ?? "";
            }
        }

        return path switch
        {
            "metadata.name" => metadata.Text("name") ?? "",
            "metadata.namespace" => metadata.Text("namespace") ?? "",
            "metadata.uid" => metadata.Text("uid") ?? "",
            "spec.nodeName" => node,
            "spec.serviceAccountName" => pod["spec"].Text("serviceAccountName") ?? "",
            _ => "",
        };
    }

    /// <summary>Kubernetes' own <c>$(NAME)</c>; what names no variable stays as it is.</summary>
    private static string Substitute(string text, Dictionary<string, string> environment)
    {
        if (!text.Contains("$(", StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder();
        var at = 0;
        while (at < text.Length)
        {
            var end = text[at] == '$' && at + 1 < text.Length && text[at + 1] == '(' ? text.IndexOf(')', at) : -1;
            if (end > 0 && environment.TryGetValue(text[(at + 2)..end], out var value))
            {
                result.Append(value);
                at = end + 1;
            }
            else
            {
                result.Append(text[at++]);
            }
        }

        return result.ToString();
    }

    // Stable from run to run, unlike a string's own hash code.
    private static int Hash(string text)
    {
        var hash = 2166136261u;
        foreach (var c in text)
        {
            hash = unchecked((hash ^ c) * 16777619);
        }

        return unchecked((int)hash);
    }
}
