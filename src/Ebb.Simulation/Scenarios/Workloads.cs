using System.Text.Json.Nodes;

namespace Ebb.Simulation.Scenarios;

/// <summary>Writes workload objects as users do. What needs more than a common machine says so in <see cref="Needs"/>.</summary>
internal static class Workloads
{
    public static JsonObject Job(string name, int completions, int parallelism, Needs needs, TimeSpan takes)
    {
        var job = Object("batch/v1", "Job", name);
        job["spec"] = new JsonObject
        {
            ["completions"] = completions,
            ["parallelism"] = parallelism,
            ["backoffLimit"] = 1000,
            ["template"] = Template(name, needs, takes, restart: "Never"),
        };
        return job;
    }

    public static JsonObject Pod(string name, Needs needs, TimeSpan takes)
    {
        var pod = Object("v1", "Pod", name);
        var template = Template(name, needs, takes, restart: "Never");
        foreach (var (key, value) in template["metadata"]!.AsObject())
        {
            pod["metadata"]![key] = value!.DeepClone();
        }

        pod["spec"] = template["spec"]!.DeepClone();
        return pod;
    }

    /// <param name="kind">Deployment or StatefulSet: runs until it is deleted.</param>
    public static JsonObject Service(string kind, string name, int replicas, Needs needs)
    {
        var service = Object("apps/v1", kind, name);
        service["spec"] = new JsonObject
        {
            ["replicas"] = replicas,
            ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = name } },
            ["template"] = Template(name, needs, null, restart: "Always"),
        };
        if (kind == "StatefulSet")
        {
            service["spec"]!["serviceName"] = name;
            service["spec"]!["podManagementPolicy"] = "Parallel";
        }

        return service;
    }

    public static JsonObject DaemonSet(string name, Needs needs)
    {
        var set = Object("apps/v1", "DaemonSet", name);
        set["spec"] = new JsonObject
        {
            ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = name } },
            ["template"] = Template(name, needs, null, restart: "Always"),
        };
        return set;
    }

    public static JsonObject Budget(string app, int minAvailable)
    {
        var budget = Object("policy/v1", "PodDisruptionBudget", app);
        budget["spec"] = new JsonObject
        {
            ["minAvailable"] = minAvailable,
            ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = app } },
        };
        return budget;
    }

    private static JsonObject Object(string apiVersion, string kind, string name) => new()
    {
        ["apiVersion"] = apiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default" },
    };

    private static JsonObject Template(string app, Needs needs, TimeSpan? takes, string restart)
    {
        var requests = new JsonObject { ["cpu"] = $"{needs.CpuMilli}m", ["memory"] = $"{needs.MemoryMiB}Mi" };
        var resources = new JsonObject { ["requests"] = requests };
        if (needs.Gpu)
        {
            requests["nvidia.com/gpu"] = "1";
            resources["limits"] = new JsonObject { ["nvidia.com/gpu"] = "1" };
        }

        var container = new JsonObject { ["name"] = "main", ["image"] = "busybox", ["resources"] = resources };
        if (takes is { } span)
        {
            container["command"] = new JsonArray("sleep", $"{(int)span.TotalSeconds}");
        }

        var metadata = new JsonObject { ["labels"] = new JsonObject { ["app"] = app } };
        if (needs.Annotation is { } annotation)
        {
            metadata["annotations"] = new JsonObject { [annotation.Key] = annotation.Value };
        }

        var spec = new JsonObject { ["restartPolicy"] = restart, ["containers"] = new JsonArray(container) };
        if (needs.Selector is { } selector)
        {
            spec["nodeSelector"] = new JsonObject { [selector.Key] = selector.Value };
        }

        if (needs.Tolerates is { } taint)
        {
            spec["tolerations"] = new JsonArray(new JsonObject { ["key"] = taint, ["operator"] = "Exists" });
        }

        if (needs.Apart)
        {
            spec["affinity"] = new JsonObject
            {
                ["podAntiAffinity"] = new JsonObject
                {
                    ["requiredDuringSchedulingIgnoredDuringExecution"] = new JsonArray(new JsonObject
                    {
                        ["topologyKey"] = "kubernetes.io/hostname",
                        ["labelSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = app } },
                    }),
                },
            };
        }

        return new JsonObject { ["metadata"] = metadata, ["spec"] = spec };
    }
}

/// <summary>What one pod asks for.</summary>
internal sealed record Needs
{
    public int CpuMilli { get; init; } = 500;

    public int MemoryMiB { get; init; } = 256;

    public bool Gpu { get; init; }

    /// <summary>A label that its node must have.</summary>
    public KeyValuePair<string, string>? Selector { get; init; }

    /// <summary>Key of a taint that it tolerates.</summary>
    public string? Tolerates { get; init; }

    public KeyValuePair<string, string>? Annotation { get; init; }

    /// <summary>No two of the same workload on one node.</summary>
    public bool Apart { get; init; }
}
