using System.Net;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What Services must look like, and what of them may change.</summary>
internal static class ServiceRules
{
    private const string PortRange = "must be between 1 and 65535, inclusive";

    public static void Check(JsonNode? spec, Problems problems)
    {
        var ports = spec.Objects("ports").ToList();
        var type = spec.Text("type") ?? "ClusterIP";
        var headless = spec.Text("clusterIP") == "None";
        if (ports.Count == 0 && !headless && type != "ExternalName")
        {
            problems.Add(Problem.Required("spec.ports"));
        }

        if (headless && type is "NodePort" or "LoadBalancer")
        {
            problems.Add(Problem.Invalid("spec.clusterIPs[0]", "None", $"may not be set to 'None' for {type} services"));
        }

        if (type == "ExternalName")
        {
            CheckExternal(spec, problems);
        }

        CheckPorts(ports, type, problems);
        Names.CheckLabels(spec?["selector"], "spec.selector", problems);
        PodRules.OneOf(spec, "sessionAffinity", "spec", problems, "ClientIP", "None");
        if (spec.Text("clusterIP") is { Length: > 0 } address && !headless && !IPAddress.TryParse(address, out _))
        {
            problems.Add(Problem.Invalid(
                "spec.clusterIPs[0]", address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
        }

        PodRules.OneOf(spec, "type", "spec", problems, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
    }

    /// <summary>An address that was once given is kept, but by a Service that turns into another type.</summary>
    public static void CheckChange(KubeObject stored, JsonObject json, Problems problems)
    {
        var (before, after) = (stored.Json.Text("spec", "clusterIP"), json.Text("spec", "clusterIP"));
        if (!string.IsNullOrEmpty(before) && before != after
            && json.Text("spec", "type") != "ExternalName" && stored.Json.Text("spec", "type") != "ExternalName")
        {
            problems.Add(Problem.Invalid(
                "spec.clusterIPs[0]", json.At("spec", "clusterIPs")?.DeepClone(), "may not change once set"));
        }
    }

    private static void CheckExternal(JsonNode? spec, Problems problems)
    {
        if (!string.IsNullOrEmpty(spec.Text("clusterIP")))
        {
            problems.Add(Problem.Forbidden("spec.clusterIPs", "may not be set for ExternalName services"));
        }

        if (spec.Text("externalName")?.TrimEnd('.') is { Length: > 0 } name)
        {
            PodRules.AddAll(name, "spec.externalName", Names.WrongInSubdomain, problems);
        }
        else
        {
            problems.Add(Problem.Required("spec.externalName"));
        }
    }

    private static void CheckPorts(List<JsonObject> ports, string type, Problems problems)
    {
        var names = new HashSet<string>();
        for (var i = 0; i < ports.Count; i++)
        {
            var (port, at) = (ports[i], $"spec.ports[{i}]");
            var name = port.Text("name") ?? "";
            if (ports.Count > 1 && name.Length == 0)
            {
                problems.Add(Problem.Required(at + ".name"));
            }
            else if (name.Length > 0)
            {
                PodRules.AddAll(name, at + ".name", Names.WrongInLabel, problems);
                if (!names.Add(name))
                {
                    problems.Add(Problem.Duplicate(at + ".name", name));
                }
            }

            if (port.Whole("port") is not (>= 1 and <= 65535))
            {
                problems.Add(Problem.Invalid(at + ".port", port["port"] ?? 0, PortRange));
            }

            PodRules.OneOf(port, "protocol", at, problems, "SCTP", "TCP", "UDP");
            if (port["targetPort"].Whole() is { } target and not (>= 1 and <= 65535))
            {
                problems.Add(Problem.Invalid(at + ".targetPort", target, PortRange));
            }
            else if (port["targetPort"].Text() is { Length: > 0 } named)
            {
                PodRules.AddAll(named, at + ".targetPort", ContainerRules.WrongInPortName, problems);
            }

            if (type == "ClusterIP" && port.Whole("nodePort") is not (null or 0))
            {
                problems.Add(Problem.Forbidden(at + ".nodePort", "may not be used when `type` is 'ClusterIP'"));
            }
        }

        CheckRepeated(ports, problems);
    }

    private static void CheckRepeated(List<JsonObject> ports, Problems problems)
    {
        var seen = new HashSet<(string?, long?)>();
        for (var i = 0; i < ports.Count; i++)
        {
            if (!seen.Add((ports[i].Text("protocol"), ports[i].Whole("port"))))
            {
                problems.Add(Problem.Duplicate($"spec.ports[{i}]", ports[i].DeepClone()));
            }
        }
    }
}
