using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Kubelet;

/// <summary>The Node object as a kubelet writes it.</summary>
internal static class NodeObject
{
    // The kubelet's default threshold nodefs.available<10% is taken off allocatable.
    private const int EvictionDiskShare = 10;

    private static readonly (string Type, string Reason, string Message)[] Pressures =
    [
        ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ];

    /// <summary>That of a machine never seen before.</summary>
    public static JsonObject New(HollowNode node, HollowOptions options, DateTimeOffset now)
    {
        var created = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = node.Name,
                ["labels"] = LabelsOf(node),
                ["annotations"] = new JsonObject { ["volumes.kubernetes.io/controller-managed-attach-detach"] = "true" },
            },
            ["spec"] = Spec(node, now),
        };
        FillStatus(created, node, options, now);
        SetReady(created, false, now);
        return created;
    }

    /// <summary>Takes over the object that an earlier life of the machine left.</summary>
    public static void Adopt(JsonObject json, HollowNode node, HollowOptions options, DateTimeOffset now)
    {
        var labels = json["metadata"]!.AsObject().Sub("labels");
        foreach (var (key, value) in Labels(node))
        {
            labels[key] = value;
        }

        FillStatus(json, node, options, now);
        SetReady(json, false, now);
    }

    /// <summary>Whether it is the object of this machine, not of an earlier one with its name.</summary>
    public static bool IsOf(KubeObject node, string providerId) =>
        string.Equals(node.Json["spec"].Text("providerID"), providerId, StringComparison.OrdinalIgnoreCase);

    public static void SetReady(JsonObject json, bool ready, DateTimeOffset now)
    {
        foreach (var (type, reason, message) in Pressures)
        {
            json.SetCondition(type, false, now, reason, message);
        }

        json.SetCondition(
            "Ready",
            ready,
            now,
            ready ? "KubeletReady" : "KubeletNotReady",
            ready ? "kubelet is posting ready status" : "container runtime network not ready");
        foreach (var condition in json["status"].Objects("conditions"))
        {
            condition["lastHeartbeatTime"] = Timestamps.Seconds(now);
        }
    }

    private static JsonObject LabelsOf(HollowNode node) =>
        new(Labels(node).Select(label => KeyValuePair.Create(label.Key, (JsonNode?)label.Value)));

    private static SortedDictionary<string, string> Labels(HollowNode node)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["kubernetes.io/hostname"] = node.Name,
            ["kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = node.Architecture,
            ["beta.kubernetes.io/os"] = "linux",
            ["beta.kubernetes.io/arch"] = node.Architecture,
        };
        Add("node.kubernetes.io/instance-type", node.InstanceType);
        Add("topology.kubernetes.io/region", node.Region);
        Add("topology.kubernetes.io/zone", node.Zone);
        foreach (var (key, value) in node.Labels)
        {
            labels[key] = value;
        }

        return labels;

        void Add(string key, string value)
        {
            if (value.Length > 0)
            {
                labels[key] = value;
            }
        }
    }

    private static JsonObject Spec(HollowNode node, DateTimeOffset now)
    {
        var spec = new JsonObject();
        spec.Put("providerID", node.ProviderId);
        var taints = new JsonArray(new Taint(Taint.NotReady, "", Taint.NoSchedule, now).ToJson());
        foreach (var text in node.Taints)
        {
            taints.Add(Parse(text).ToJson());
        }

        spec["taints"] = taints;
        return spec;
    }

    private static Taint Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        var name = colon < 0 ? text : text[..colon];
        var effect = colon < 0 ? Taint.NoSchedule : text[(colon + 1)..];
        var equals = name.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? new Taint(name, "", effect) : new Taint(name[..equals], name[(equals + 1)..], effect);
    }

    /// <summary>The kubelet was started anew by another release.</summary>
    public static void SetRelease(JsonObject json, string release)
    {
        var info = json.Sub("status").Sub("nodeInfo");
        info["kubeletVersion"] = release;
        info["kubeProxyVersion"] = release;
    }

    private static void FillStatus(JsonObject json, HollowNode node, HollowOptions options, DateTimeOffset now)
    {
        var status = json.Sub("status");
        status["capacity"] = Amount(node, node.CpuMilli, node.MemoryBytes, node.DiskBytes);
        status["allocatable"] = Amount(
            node,
            Math.Max(0, node.CpuMilli - options.ReservedCpuMilli),
            Math.Max(0, node.MemoryBytes - options.ReservedMemoryBytes),
            node.DiskBytes - (node.DiskBytes / EvictionDiskShare));
        status["addresses"] = new JsonArray(
            new JsonObject { ["type"] = "InternalIP", ["address"] = node.Endpoint?.Address.ToString() ?? node.Address },
            new JsonObject { ["type"] = "Hostname", ["address"] = node.Name });
        status["daemonEndpoints"] = new JsonObject { ["kubeletEndpoint"] = new JsonObject { ["Port"] = node.Endpoint?.Port ?? 10250 } };
        status["nodeInfo"] = new JsonObject
        {
            ["machineID"] = node.SystemUuid.Replace("-", "", StringComparison.Ordinal),
            ["systemUUID"] = node.SystemUuid,
            ["bootID"] = BootId(node, now),
            ["kernelVersion"] = "6.1.0-hollow",
            ["osImage"] = "Hollow machine",
            ["containerRuntimeVersion"] = "hollow://1.0.0",
            ["operatingSystem"] = "linux",
            ["architecture"] = node.Architecture,
        };
        SetRelease(json, node.KubeletVersion.Length > 0 ? node.KubeletVersion : options.KubeletVersion);
    }

    // A kernel makes up another one each time it starts; that of a machine that does not exist follows from when it did.
    private static string BootId(HollowNode node, DateTimeOffset now) =>
        new Guid(SHA256.HashData(Encoding.UTF8.GetBytes($"{node.SystemUuid}/{node.Name}/{now.UtcTicks}")).AsSpan(0, 16)).ToString();

    private static JsonObject Amount(HollowNode node, long cpuMilli, long memoryBytes, long diskBytes)
    {
        var amounts = new JsonObject
        {
            ["cpu"] = cpuMilli % 1000 == 0 ? (cpuMilli / 1000).ToString() : $"{cpuMilli}m",
            ["ephemeral-storage"] = diskBytes.ToString(),
            ["memory"] = $"{memoryBytes >> 10}Ki",
            ["pods"] = node.MaxPods.ToString(),
        };
        foreach (var (name, units) in node.Extended)
        {
            amounts[name] = units.ToString();
        }

        return amounts;
    }
}
