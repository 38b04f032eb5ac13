using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What containers must look like.</summary>
internal static partial class ContainerRules
{
    private const string PortRange = "must be between 1 and 65535, inclusive";

    private static readonly string[] Sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef"];

    private const string VariableRule =
        "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start " +
        "with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is " +
        "'[-._a-zA-Z][-._a-zA-Z0-9]*')";

    public static void Check(JsonNode? spec, string path, IReadOnlySet<string> volumes, Problems problems)
    {
        var containers = spec.Objects("containers").ToList();
        var initial = spec.Objects("initContainers").ToList();
        if (containers.Count == 0)
        {
            problems.Add(Problem.Required(path + ".containers"));
        }

        CheckAll(containers, path + ".containers", volumes, problems);
        CheckHostPorts(containers, path + ".containers", problems);
        CheckAll(initial, path + ".initContainers", volumes, problems);
        var names = containers.Select(c => c.Text("name") ?? "").ToHashSet();
        for (var i = 0; i < initial.Count; i++)
        {
            if (initial[i].Text("name") is { } name && names.Contains(name))
            {
                problems.Add(Problem.Duplicate($"{path}.initContainers[{i}].name", name));
            }
        }
    }

    private static void CheckAll(List<JsonObject> containers, string path, IReadOnlySet<string> volumes, Problems problems)
    {
        var names = new HashSet<string>();
        for (var i = 0; i < containers.Count; i++)
        {
            var (container, at) = (containers[i], $"{path}[{i}]");
            var name = container.Text("name") ?? "";
            if (name.Length == 0)
            {
                problems.Add(Problem.Required(at + ".name"));
            }

            PodRules.AddAll(name, at + ".name", Names.WrongInLabel, problems);
            if (!names.Add(name))
            {
                problems.Add(Problem.Duplicate(at + ".name", name));
            }

            if (string.IsNullOrEmpty(container.Text("image")))
            {
                problems.Add(Problem.Required(at + ".image"));
            }

            foreach (var (probe, once) in new[] { ("livenessProbe", true), ("startupProbe", true), ("readinessProbe", false) })
            {
                ProbeRules.Check(container.Object(probe), $"{at}.{probe}", once, problems);
            }

            CheckPorts(container, at + ".ports", problems);
            CheckVariables(container, at + ".env", problems);
            CheckMounts(container, at + ".volumeMounts", volumes, problems);
            PodRules.OneOf(container, "imagePullPolicy", at, problems, "Always", "IfNotPresent", "Never");
            ResourceRules.Check(container.Object("resources"), at + ".resources", problems);
        }
    }

    private static void CheckPorts(JsonObject container, string path, Problems problems)
    {
        var names = new HashSet<string>();
        var i = 0;
        foreach (var port in container.Objects("ports"))
        {
            var at = $"{path}[{i++}]";
            if (port.Text("name") is { Length: > 0 } name)
            {
                var wrong = WrongInPortName(name).ToList();
                wrong.ForEach(rule => problems.Add(Problem.Invalid(at + ".name", name, rule)));
                if (wrong.Count == 0 && !names.Add(name))
                {
                    problems.Add(Problem.Duplicate(at + ".name", name));
                }
            }

            if (port.Whole("containerPort") is null or 0)
            {
                problems.Add(Problem.Required(at + ".containerPort"));
            }
            else if (port.Whole("containerPort") is not (>= 1 and <= 65535))
            {
                problems.Add(Problem.Invalid(at + ".containerPort", port["containerPort"], PortRange));
            }

            if (port.Whole("hostPort") is < 0 or > 65535)
            {
                problems.Add(Problem.Invalid(at + ".hostPort", port["hostPort"], PortRange));
            }

            PodRules.OneOf(port, "protocol", at, problems, "SCTP", "TCP", "UDP");
        }
    }

    public static IEnumerable<string> WrongInPortName(string name)
    {
        if (name.Length > 15)
        {
            yield return "must be no more than 15 characters";
        }

        if (!PortName().IsMatch(name))
        {
            yield return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
        }
        else if (!name.Any(char.IsAsciiLetter))
        {
            yield return "must contain at least one letter (a-z)";
        }

        if (name.Contains("--", StringComparison.Ordinal))
        {
            yield return "must not contain consecutive hyphens";
        }

        if (name[0] == '-' || name[^1] == '-')
        {
            yield return "must not begin or end with a hyphen";
        }
    }

    private static void CheckHostPorts(List<JsonObject> containers, string path, Problems problems)
    {
        var seen = new HashSet<string>();
        for (var c = 0; c < containers.Count; c++)
        {
            var i = 0;
            foreach (var port in containers[c].Objects("ports"))
            {
                var taken = $"{port.Text("protocol") ?? "TCP"}/{port.Text("hostIP")}/{port.Whole("hostPort")}";
                if (port.Whole("hostPort") is not (null or 0) && !seen.Add(taken))
                {
                    problems.Add(Problem.Duplicate($"{path}[{c}].ports[{i}].hostPort", taken));
                }

                i++;
            }
        }
    }

    private static void CheckVariables(JsonObject container, string path, Problems problems)
    {
        var i = 0;
        foreach (var variable in container.Objects("env"))
        {
            var at = $"{path}[{i++}]";
            var name = variable.Text("name") ?? "";
            if (name.Length == 0)
            {
                problems.Add(Problem.Required(at + ".name"));
            }
            else if (!Variable().IsMatch(name))
            {
                problems.Add(Problem.Invalid(at + ".name", name, VariableRule));
            }

            if (variable.Object("valueFrom") is not { } source)
            {
                continue;
            }

            var count = Sources.Count(source.ContainsKey);
            if (count == 0)
            {
                problems.Add(Problem.Invalid(
                    at + ".valueFrom", "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"));
            }
            else if (!string.IsNullOrEmpty(variable.Text("value")))
            {
                problems.Add(Problem.Invalid(at + ".valueFrom", "", "may not be specified when `value` is not empty"));
            }
            else if (count > 1)
            {
                problems.Add(Problem.Invalid(at + ".valueFrom", "", "may not have more than one field specified at a time"));
            }
        }
    }

    private static void CheckMounts(JsonObject container, string path, IReadOnlySet<string> volumes, Problems problems)
    {
        var places = new HashSet<string>();
        var i = 0;
        foreach (var mount in container.Objects("volumeMounts"))
        {
            var at = $"{path}[{i++}]";
            var (name, place) = (mount.Text("name") ?? "", mount.Text("mountPath") ?? "");
            if (name.Length == 0)
            {
                problems.Add(Problem.Required(at + ".name"));
            }

            if (!volumes.Contains(name))
            {
                problems.Add(Problem.NotFound(at + ".name", name));
            }

            if (place.Length == 0)
            {
                problems.Add(Problem.Required(at + ".mountPath"));
            }

            if (!places.Add(place))
            {
                problems.Add(Problem.Invalid(at + ".mountPath", place, "must be unique"));
            }
        }
    }

    [GeneratedRegex(@"^[-a-z0-9]+\z")]
    private static partial Regex PortName();

    [GeneratedRegex(@"^[-._a-zA-Z][-._a-zA-Z0-9]*\z")]
    private static partial Regex Variable();
}
