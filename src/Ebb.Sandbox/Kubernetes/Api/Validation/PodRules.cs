using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What pods and pod templates must look like. The order is the real server's, which names all problems at once.</summary>
internal static class PodRules
{
    public static void CheckTemplate(JsonNode? template, string path, Problems problems, bool restartAlways)
    {
        Names.CheckLabels(template.At("metadata", "labels"), path + ".labels", problems);
        Names.CheckAnnotations(template.At("metadata", "annotations"), path + ".annotations", problems);
        Check(template?["spec"], path + ".spec", problems);
        var policy = template.Text("spec", "restartPolicy");
        if (restartAlways && policy is not (null or "Always"))
        {
            problems.Add(Problem.Unsupported(path + ".spec.restartPolicy", policy, "Always"));
        }
        else if (!restartAlways && policy is null or "Always")
        {
            problems.Add(Problem.Required(path + ".spec.restartPolicy", "valid values: \"OnFailure\", \"Never\""));
        }
    }

    /// <summary>What is asked of pods but not of templates.</summary>
    public static void CheckPod(JsonNode? spec, Problems problems)
    {
        Check(spec, "spec", problems);
        foreach (var part in new[] { "containers", "initContainers" })
        {
            var i = 0;
            foreach (var container in spec.Objects(part))
            {
                var image = container.Text("image") ?? "";
                if (image.Trim() != image)
                {
                    problems.Add(Problem.Invalid(
                        $"spec.{part}[{i}].image", image, "must not have leading or trailing whitespace"));
                }

                i++;
            }
        }
    }

    public static void Check(JsonNode? spec, string path, Problems problems)
    {
        var volumes = VolumeRules.Check(spec, path + ".volumes", problems);
        ContainerRules.Check(spec, path, volumes, problems);
        OneOf(spec, "restartPolicy", path, problems, "Always", "OnFailure", "Never");
        OneOf(spec, "dnsPolicy", path, problems, "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None");
        Names.CheckLabels(spec?["nodeSelector"], path + ".nodeSelector", problems);
        AffinityRules.Check(spec?["affinity"], path + ".affinity", problems);
        CheckSpread(spec, path, problems);
        foreach (var name in new[] { "serviceAccountName", "nodeName" })
        {
            AddAll(spec.Text(name), path + "." + name, Names.WrongInSubdomain, problems);
        }

        if (spec.Whole("activeDeadlineSeconds") is < 1 or > int.MaxValue)
        {
            problems.Add(Problem.Invalid(
                path + ".activeDeadlineSeconds", spec!["activeDeadlineSeconds"], "must be between 1 and 2147483647, inclusive"));
        }

        AddAll(spec.Text("hostname"), path + ".hostname", Names.WrongInLabel, problems);
        AddAll(spec.Text("subdomain"), path + ".subdomain", Names.WrongInLabel, problems);
        CheckTolerations(spec, path, problems);
        AddAll(spec.Text("priorityClassName"), path + ".priorityClassName", Names.WrongInSubdomain, problems);
        AddAll(spec.Text("runtimeClassName"), path + ".runtimeClassName", Names.WrongInSubdomain, problems);
        CheckGates(spec, path, problems);
    }

    internal static void OneOf(JsonNode? owner, string name, string path, Problems problems, params string[] values)
    {
        if (owner.Text(name) is { } value && !values.Contains(value))
        {
            problems.Add(Problem.Unsupported($"{path}.{name}", value, values));
        }
    }

    internal static void AddAll(string? value, string field, Func<string, IEnumerable<string>> rule, Problems problems)
    {
        if (!string.IsNullOrEmpty(value))
        {
            foreach (var wrong in rule(value))
            {
                problems.Add(Problem.Invalid(field, value, wrong));
            }
        }
    }

    private static void CheckTolerations(JsonNode? spec, string path, Problems problems)
    {
        var i = 0;
        foreach (var toleration in spec.Objects("tolerations"))
        {
            var at = $"{path}.tolerations[{i++}]";
            var key = toleration.Text("key") ?? "";
            var operation = toleration.Text("operator") ?? "";
            var value = toleration.Text("value") ?? "";
            var effect = toleration.Text("effect") ?? "";
            if (key.Length > 0)
            {
                Names.CheckKey(key, at + ".key", problems);
            }
            else if (operation != "Exists")
            {
                problems.Add(Problem.Invalid(
                    at + ".operator", operation, "operator must be Exists when `key` is empty, which means \"match all values and all keys\""));
            }

            if (toleration["tolerationSeconds"] is not null && effect != "NoExecute")
            {
                problems.Add(Problem.Invalid(
                    at + ".effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
            }

            switch (operation)
            {
                case "" or "Equal":
                    AddAll(value, at + ".operator", text => Joined(Names.WrongInValue(text)), problems);
                    break;
                case "Exists" when value.Length > 0:
                    problems.Add(Problem.Invalid(
                        at + ".operator", toleration.DeepClone(), "value must be empty when `operator` is 'Exists'"));
                    break;
                case "Exists" or "Lt" or "Gt":
                    break;
                default:
                    problems.Add(Problem.Unsupported(at + ".operator", operation, "Equal", "Exists"));
                    break;
            }

            if (effect is not ("" or "NoSchedule" or "PreferNoSchedule" or "NoExecute"))
            {
                problems.Add(Problem.Unsupported(at + ".effect", effect, "NoSchedule", "PreferNoSchedule", "NoExecute"));
            }
        }
    }

    private static IEnumerable<string> Joined(IEnumerable<string> wrong) =>
        wrong.ToList() is { Count: > 0 } all ? [string.Join(";", all)] : [];

    private static void CheckSpread(JsonNode? spec, string path, Problems problems)
    {
        var constraints = spec.Objects("topologySpreadConstraints").ToList();
        for (var i = 0; i < constraints.Count; i++)
        {
            var (constraint, at) = (constraints[i], $"{path}.topologySpreadConstraints[{i}]");
            var (key, otherwise) = (constraint.Text("topologyKey") ?? "", constraint.Text("whenUnsatisfiable") ?? "");
            if (constraint.Whole("maxSkew") is not > 0)
            {
                problems.Add(Problem.Invalid(at + ".maxSkew", constraint["maxSkew"] ?? 0, "must be greater than zero"));
            }

            if (key.Length == 0)
            {
                problems.Add(Problem.Required(at + ".topologyKey", "can not be empty"));
            }

            if (otherwise is not ("DoNotSchedule" or "ScheduleAnyway"))
            {
                problems.Add(Problem.Unsupported(at + ".whenUnsatisfiable", otherwise, "DoNotSchedule", "ScheduleAnyway"));
            }

            if (constraints.Skip(i + 1).Any(c => c.Text("topologyKey") == key && c.Text("whenUnsatisfiable") == otherwise))
            {
                problems.Add(Problem.Duplicate(at + ".{topologyKey, whenUnsatisfiable}", $"{{{key}, {otherwise}}}"));
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
}
