using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What pods and pod templates must look like.</summary>
internal static partial class PodRules
{
    public static void CheckTemplate(JsonNode? template, string path, Problems problems, bool restartAlways)
    {
        if (template is null)
        {
            problems.Add(Problem.Required(path));
            return;
        }

        Names.CheckLabels(template.At("metadata", "labels"), path + ".metadata.labels", problems);
        Check(template["spec"], path + ".spec", problems);
        var policy = template.Text("spec", "restartPolicy");
        if (restartAlways && policy is not (null or "Always"))
        {
            problems.Add(Problem.Unsupported(path + ".spec.restartPolicy", policy, "Always"));
        }
        else if (!restartAlways && policy is null or "Always")
        {
            problems.Add(policy is null
                ? Problem.Required(path + ".spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"")
                : Problem.Unsupported(path + ".spec.restartPolicy", policy, "OnFailure", "Never"));
        }
    }

    public static void Check(JsonNode? spec, string path, Problems problems)
    {
        var volumes = spec.Objects("volumes").Select(volume => volume.Text("name") ?? "").ToHashSet();
        var names = new HashSet<string>();
        if (spec.Array("containers") is not { Count: > 0 })
        {
            problems.Add(Problem.Required(path + ".containers"));
        }

        foreach (var part in new[] { "initContainers", "containers" })
        {
            var i = 0;
            foreach (var container in spec.Objects(part))
            {
                CheckContainer(container, $"{path}.{part}[{i++}]", names, volumes, problems);
            }
        }

        if (spec.Text("restartPolicy") is { } policy and not ("Always" or "OnFailure" or "Never"))
        {
            problems.Add(Problem.Unsupported(path + ".restartPolicy", policy, "Always", "OnFailure", "Never"));
        }

        if (spec.Text("dnsPolicy") is { } dns
            and not ("ClusterFirst" or "ClusterFirstWithHostNet" or "Default" or "None"))
        {
            problems.Add(Problem.Unsupported(
                path + ".dnsPolicy", dns, "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"));
        }

        foreach (var count in new[] { "terminationGracePeriodSeconds", "activeDeadlineSeconds" })
        {
            if (spec.Whole(count) is < 0)
            {
                problems.Add(Problem.Invalid($"{path}.{count}", spec![count], "must be greater than or equal to 0"));
            }
        }

        CheckTolerations(spec, path, problems);
        CheckSpread(spec, path, problems);
        CheckGates(spec, path, problems);
    }

    private static void CheckContainer(
        JsonObject container, string path, HashSet<string> names, HashSet<string> volumes, Problems problems)
    {
        var name = container.Text("name");
        if (string.IsNullOrEmpty(name))
        {
            problems.Add(Problem.Required(path + ".name"));
        }
        else if (Names.WrongInLabel(name).ToList() is { Count: > 0 } wrong)
        {
            wrong.ForEach(rule => problems.Add(Problem.Invalid(path + ".name", name, rule)));
        }
        else if (!names.Add(name))
        {
            problems.Add(Problem.Duplicate(path + ".name", name));
        }

        if (string.IsNullOrEmpty(container.Text("image")))
        {
            problems.Add(Problem.Required(path + ".image"));
        }

        if (container.Text("imagePullPolicy") is { } pull and not ("Always" or "IfNotPresent" or "Never"))
        {
            problems.Add(Problem.Unsupported(path + ".imagePullPolicy", pull, "Always", "IfNotPresent", "Never"));
        }

        CheckResources(container, path + ".resources", problems);
        var i = 0;
        foreach (var port in container.Objects("ports"))
        {
            if (port.Whole("containerPort") is not (>= 1 and <= 65535))
            {
                problems.Add(Problem.Invalid(
                    $"{path}.ports[{i}].containerPort", port["containerPort"] ?? 0, "must be between 1 and 65535, inclusive"));
            }

            i++;
        }

        i = 0;
        foreach (var mount in container.Objects("volumeMounts"))
        {
            if (!volumes.Contains(mount.Text("name") ?? ""))
            {
                problems.Add(new Problem(
                    "FieldValueNotFound", $"{path}.volumeMounts[{i}].name", $"Not found: \"{mount.Text("name")}\""));
            }

            i++;
        }
    }

    private static void CheckResources(JsonObject container, string path, Problems problems)
    {
        foreach (var part in new[] { "limits", "requests" })
        {
            foreach (var (resource, amount) in container.Object("resources", part) ?? [])
            {
                var text = amount is JsonValue value && value.GetValueKind() == JsonValueKind.Number
                    ? value.ToJsonString() : amount.Text() ?? "";
                if (!Quantity().IsMatch(text))
                {
                    problems.Add(Problem.Invalid(
                        $"{path}.{part}[{resource}]",
                        text,
                        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"));
                }
                else if (text.StartsWith('-'))
                {
                    problems.Add(Problem.Invalid(
                        $"{path}.{part}[{resource}]", text, "must be greater than or equal to 0"));
                }
            }
        }

        var limits = container.Object("resources", "limits");
        foreach (var (resource, amount) in container.Object("resources", "requests") ?? [])
        {
            if (limits?[resource] is { } limit && Views.Quantity.ValueOf(amount) > Views.Quantity.ValueOf(limit))
            {
                problems.Add(Problem.Invalid(
                    $"{path}.requests", amount, $"must be less than or equal to {resource} limit of {limit}"));
            }
        }
    }

    private static void CheckTolerations(JsonNode? spec, string path, Problems problems)
    {
        var i = 0;
        foreach (var toleration in spec.Objects("tolerations"))
        {
            var at = $"{path}.tolerations[{i++}]";
            var operation = toleration.Text("operator");
            if (operation is not (null or "" or "Equal" or "Exists" or "Lt" or "Gt"))
            {
                problems.Add(Problem.Unsupported(at + ".operator", operation, "Equal", "Exists"));
            }

            if (string.IsNullOrEmpty(toleration.Text("key")) && operation != "Exists")
            {
                problems.Add(Problem.Invalid(
                    at + ".operator", operation ?? "", "operator must be Exists when `key` is empty, which means \"match all values and all keys\""));
            }

            if (toleration.Text("effect") is { } effect and not ("" or "NoSchedule" or "PreferNoSchedule" or "NoExecute"))
            {
                problems.Add(Problem.Unsupported(
                    at + ".effect", effect, "NoSchedule", "PreferNoSchedule", "NoExecute"));
            }
        }
    }

    private static void CheckSpread(JsonNode? spec, string path, Problems problems)
    {
        var i = 0;
        foreach (var constraint in spec.Objects("topologySpreadConstraints"))
        {
            var at = $"{path}.topologySpreadConstraints[{i++}]";
            if (constraint.Whole("maxSkew") is not > 0)
            {
                problems.Add(Problem.Invalid(at + ".maxSkew", constraint["maxSkew"] ?? 0, "must be greater than zero"));
            }

            if (constraint.Text("whenUnsatisfiable") is not ("DoNotSchedule" or "ScheduleAnyway"))
            {
                problems.Add(Problem.Unsupported(
                    at + ".whenUnsatisfiable", constraint.Text("whenUnsatisfiable"), "DoNotSchedule", "ScheduleAnyway"));
            }

            if (string.IsNullOrEmpty(constraint.Text("topologyKey")))
            {
                problems.Add(Problem.Required(at + ".topologyKey", "can not be empty"));
            }
        }
    }

    private static void CheckGates(JsonNode? spec, string path, Problems problems)
    {
        if (spec.Array("schedulingGates") is { Count: > 0 } && !string.IsNullOrEmpty(spec.Text("nodeName")))
        {
            problems.Add(Problem.Forbidden(
                path + ".nodeName", "cannot be set until all schedulingGates have been cleared"));
        }
    }

    [GeneratedRegex(@"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(([numkMGTPE]|[KMGTPE]i)?|[eE][+-]?[0-9]+)\z")]
    private static partial Regex Quantity();
}
