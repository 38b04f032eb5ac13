using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using static Ebb.Sandbox.Kubernetes.Api.Tables.Column;

namespace Ebb.Sandbox.Kubernetes.Api.Tables;

/// <summary>
/// The columns of each kind, as the real server prints them. One table of data and the small functions that only it uses:
/// longer than most files, and read by looking up one kind.
/// </summary>
internal static class Columns
{
    private const string None = "<none>";
    private const string Unset = "<unset>";

    private static readonly FrozenDictionary<string, Column[]> ByKind = new Dictionary<string, Column[]>
    {
        ["pods"] =
        [
            NameColumn,
            Text("Ready", PodCells.Ready),
            Text("Status", PodCells.Status),
            new("Restarts", (item, now) => PodCells.Restarts(item.Json, now)),
            Age,
            Text("IP", j => Or(j.Text("status", "podIP"), None), wide: true),
            Text("Node", j => Or(j.Text("spec", "nodeName"), None), wide: true),
            Text("Nominated Node", j => Or(j.Text("status", "nominatedNodeName"), None), wide: true),
            Text("Readiness Gates", PodCells.Gates, wide: true),
        ],
        ["nodes"] =
        [
            NameColumn,
            Text("Status", NodeStatus),
            Text("Roles", Roles),
            Age,
            Text("Version", j => j.Text("status", "nodeInfo", "kubeletVersion")),
            Text("Internal-IP", j => Address(j, "InternalIP"), wide: true),
            Text("External-IP", j => Address(j, "ExternalIP"), wide: true),
            Text("OS-Image", j => Or(j.Text("status", "nodeInfo", "osImage"), "<unknown>"), wide: true),
            Text("Kernel-Version", j => Or(j.Text("status", "nodeInfo", "kernelVersion"), "<unknown>"), wide: true),
            Text("Container-Runtime", j => Or(j.Text("status", "nodeInfo", "containerRuntimeVersion"), "<unknown>"), wide: true),
        ],
        ["jobs"] =
        [
            NameColumn,
            Text("Status", JobStatus),
            Text("Completions", Completions),
            new("Duration", (item, now) => Duration(item.Json, now)),
            Age,
            .. PodTemplate(selector: true),
        ],
        ["deployments"] =
        [
            NameColumn,
            Text("Ready", j => $"{j.Whole("status", "readyReplicas") ?? 0}/{j.Whole("spec", "replicas") ?? 0}"),
            Number("Up-to-date", j => j.Whole("status", "updatedReplicas"), "string"),
            Number("Available", j => j.Whole("status", "availableReplicas"), "string"),
            Age,
            .. PodTemplate(selector: true),
        ],
        ["replicasets"] = Replicated(),
        ["replicationcontrollers"] = Replicated(),
        ["daemonsets"] =
        [
            NameColumn,
            Number("Desired", j => j.Whole("status", "desiredNumberScheduled")),
            Number("Current", j => j.Whole("status", "currentNumberScheduled")),
            Number("Ready", j => j.Whole("status", "numberReady")),
            Number("Up-to-date", j => j.Whole("status", "updatedNumberScheduled")),
            Number("Available", j => j.Whole("status", "numberAvailable")),
            Text("Node Selector", j => Pairs(j.Object("spec", "template", "spec", "nodeSelector"))),
            Age,
            .. PodTemplate(selector: true),
        ],
        ["statefulsets"] =
        [
            NameColumn,
            Text("Ready", j => $"{j.Whole("status", "readyReplicas") ?? 0}/{j.Whole("spec", "replicas") ?? 0}"),
            Age,
            .. PodTemplate(selector: false),
        ],
        ["cronjobs"] =
        [
            NameColumn,
            Text("Schedule", j => j.Text("spec", "schedule")),
            Text("Timezone", j => Or(j.Text("spec", "timeZone"), None)),
            Text("Suspend", j => j.IsTrue("spec", "suspend") ? "True" : "False"),
            Number("Active", j => j.Array("status", "active")?.Count),
            new("Last Schedule", (item, now) => item.Json.Text("status", "lastScheduleTime") is { } last
                ? Ages.Since(last, now) : None),
            Age,
            .. PodTemplate(selector: true, "spec", "jobTemplate"),
        ],
        ["services"] =
        [
            NameColumn,
            Text("Type", j => j.Text("spec", "type")),
            Text("Cluster-IP", j => Or(j.Text("spec", "clusterIP"), None)),
            Text("External-IP", ExternalAddress),
            Text("Port(s)", Ports),
            Age,
            Text("Selector", j => Pairs(j.Object("spec", "selector")), wide: true),
        ],
        ["events"] =
        [
            new("Last Seen", (item, now) => Ages.Since(LastSeen(item.Json), now)),
            Text("Type", j => j.Text("type")),
            Text("Reason", j => j.Text("reason")),
            Text("Object", j => $"{j.Text("involvedObject", "kind")?.ToLowerInvariant()}/{j.Text("involvedObject", "name")}"),
            Text("Subobject", j => j.Text("involvedObject", "fieldPath"), wide: true),
            Text("Source", Source, wide: true),
            Text("Message", j => j.Text("message")?.Trim()),
            new("First Seen", (item, now) => Ages.Since(FirstSeen(item.Json), now), Wide: true),
            Number("Count", j => Math.Max(1, j.Whole("count") ?? j.Whole("series", "count") ?? 1), "string", wide: true),
            new("Name", (item, _) => item.Name, Wide: true) { Format = "name" },
        ],
        ["leases"] = [NameColumn, Text("Holder", j => j.Text("spec", "holderIdentity")), Age],
        ["namespaces"] = [NameColumn, Text("Status", j => j.Text("status", "phase")), Age],
        ["configmaps"] = [NameColumn, Number("Data", Data, "string"), Age],
        ["secrets"] = [NameColumn, Text("Type", j => j.Text("type")), Number("Data", Data, "string"), Age],
        ["serviceaccounts"] = [NameColumn, Age],
        ["endpoints"] = [NameColumn, Text("Endpoints", EndpointList), Age],
        ["poddisruptionbudgets"] =
        [
            NameColumn,
            Text("Min Available", j => Or(Plain(j.At("spec", "minAvailable")), "N/A")),
            Text("Max Unavailable", j => Or(Plain(j.At("spec", "maxUnavailable")), "N/A")),
            Number("Allowed Disruptions", j => j.Whole("status", "disruptionsAllowed")),
            Age,
        ],
        ["priorityclasses"] =
        [
            NameColumn,
            Number("Value", j => j.Whole("value")),
            new("Global-Default", (item, _) => item.Json.IsTrue("globalDefault")) { Type = "boolean" },
            Age,
            Text("PreemptionPolicy", j => j.Text("preemptionPolicy")),
        ],
        ["storageclasses"] =
        [
            new("Name", (item, _) => item.Name + (IsDefault(item.Json) ? " (default)" : "")) { Format = "name" },
            Text("Provisioner", j => j.Text("provisioner")),
            Text("ReclaimPolicy", j => j.Text("reclaimPolicy")),
            Text("VolumeBindingMode", j => j.Text("volumeBindingMode")),
            new("AllowVolumeExpansion", (item, _) => item.Json.IsTrue("allowVolumeExpansion")),
            Age,
        ],
        ["persistentvolumeclaims"] =
        [
            NameColumn,
            Text("Status", j => j.Text("status", "phase")),
            Text("Volume", j => j.Text("spec", "volumeName")),
            Text("Capacity", j => j.Text("status", "capacity", "storage")),
            Text("Access Modes", Modes),
            Text("StorageClass", j => j.Text("spec", "storageClassName")),
            Text("VolumeAttributesClass", j => Or(j.Text("spec", "volumeAttributesClassName"), Unset)),
            Age,
            Text("VolumeMode", j => j.Text("spec", "volumeMode"), wide: true),
        ],
        ["persistentvolumes"] =
        [
            NameColumn,
            Text("Capacity", j => j.Text("spec", "capacity", "storage")),
            Text("Access Modes", Modes),
            Text("Reclaim Policy", j => j.Text("spec", "persistentVolumeReclaimPolicy")),
            Text("Status", j => j.Text("status", "phase")),
            Text("Claim", j => j.Object("spec", "claimRef") is { } claim
                ? $"{claim.Text("namespace")}/{claim.Text("name")}" : ""),
            Text("StorageClass", j => j.Text("spec", "storageClassName")),
            Text("VolumeAttributesClass", j => Or(j.Text("spec", "volumeAttributesClassName"), Unset)),
            Text("Reason", j => j.Text("status", "reason")),
            Age,
            Text("VolumeMode", j => j.Text("spec", "volumeMode"), wide: true),
        ],
        ["ingresses"] =
        [
            NameColumn,
            Text("Class", j => Or(
                j.Text("spec", "ingressClassName") ?? j.At("metadata", "annotations").Text("kubernetes.io/ingress.class"), None)),
            Text("Hosts", Hosts),
            Text("Address", j => string.Join(',', j.Objects("status", "loadBalancer", "ingress")
                .Select(at => at.Text("ip") ?? at.Text("hostname")))),
            Text("Ports", j => j.Array("spec", "tls") is { Count: > 0 } ? "80, 443" : "80"),
            Age,
        ],
        ["networkpolicies"] = [NameColumn, Text("Pod-Selector", j => Or(LabelSelector.Format(j.At("spec", "podSelector")), None)), Age],
        ["roles"] = [NameColumn, CreatedAt],
        ["clusterroles"] = [NameColumn, CreatedAt],
        ["rolebindings"] = RoleBinding(),
        ["clusterrolebindings"] = RoleBinding(),
        ["certificatesigningrequests"] =
        [
            NameColumn,
            Age,
            Text("SignerName", j => j.Text("spec", "signerName")),
            Text("Requestor", j => j.Text("spec", "username")),
            Text("RequestedDuration", j => j.Whole("spec", "expirationSeconds") is { } seconds
                ? Ages.Of(TimeSpan.FromSeconds(seconds)) : None),
            Text("Condition", Requested),
        ],
        ["customresourcedefinitions"] = [NameColumn, CreatedAt],
        ["resourcequotas"] =
        [
            NameColumn,
            Text("Request", j => Used(j, limits: false)),
            Text("Limit", j => Used(j, limits: true)),
            Age,
        ],
        ["limitranges"] = [NameColumn, CreatedAt],
        ["runtimeclasses"] = [NameColumn, Text("Handler", j => j.Text("handler")), Age],
        ["csinodes"] = [NameColumn, Number("Drivers", j => j.Array("spec", "drivers")?.Count), Age],
    }.ToFrozenDictionary();

    private static readonly Column[] Plainest = [NameColumn, Age];

    public static IReadOnlyList<Column> Of(Resource resource)
    {
        if (resource.Kind.Custom)
        {
            return CustomColumns.Of(resource.Columns);
        }

        return ByKind.GetValueOrDefault(resource.Kind.Plural, Plainest);
    }

    private static Column[] Replicated() =>
    [
        NameColumn,
        Number("Desired", j => j.Whole("spec", "replicas")),
        Number("Current", j => j.Whole("status", "replicas")),
        Number("Ready", j => j.Whole("status", "readyReplicas")),
        Age,
        .. PodTemplate(selector: true),
    ];

    private static Column[] RoleBinding() =>
    [
        NameColumn,
        Text("Role", j => $"{j.Text("roleRef", "kind")}/{j.Text("roleRef", "name")}"),
        Age,
        Text("Users", j => Subjects(j, "User"), wide: true),
        Text("Groups", j => Subjects(j, "Group"), wide: true),
        Text("ServiceAccounts", j => Subjects(j, "ServiceAccount"), wide: true),
    ];

    private static Column[] PodTemplate(bool selector, params string[] under)
    {
        JsonNode? Spec(JsonObject json) => json.At(under).At("spec");
        IEnumerable<JsonObject> Containers(JsonObject json) => Spec(json).Objects("template", "spec", "containers");
        var columns = new List<Column>
        {
            Text("Containers", j => string.Join(',', Containers(j).Select(c => c.Text("name"))), wide: true),
            Text("Images", j => string.Join(',', Containers(j).Select(c => c.Text("image"))), wide: true),
        };
        if (selector)
        {
            columns.Add(Text("Selector", j => Selector(Spec(j)), wide: true));
        }

        return [.. columns];
    }

    private static string Selector(JsonNode? spec)
    {
        // Replication controllers are older than selectors with expressions: theirs is a plain map.
        var selector = spec.Object("selector");
        return selector is null ? None
            : selector.ContainsKey("matchLabels") || selector.ContainsKey("matchExpressions")
                ? LabelSelector.Format(selector) : Pairs(selector);
    }

    private static string NodeStatus(JsonObject node)
    {
        var ready = node.Objects("status", "conditions").FirstOrDefault(c => c.Text("type") == "Ready").Text("status");
        var status = ready switch
        {
            "True" => "Ready",
            null => "Unknown",
            _ => "NotReady",
        };
        return node.IsTrue("spec", "unschedulable") ? status + ",SchedulingDisabled" : status;
    }

    private static string Roles(JsonObject node)
    {
        const string prefix = "node-role.kubernetes.io/";
        var roles = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in node.Object("metadata", "labels") ?? [])
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal) && key.Length > prefix.Length)
            {
                roles.Add(key[prefix.Length..]);
            }
            else if (key == "kubernetes.io/role" && value.Text() is { Length: > 0 } role)
            {
                roles.Add(role);
            }
        }

        return roles.Count == 0 ? None : string.Join(',', roles);
    }

    private static string Address(JsonObject node, string type) => Or(
        node.Objects("status", "addresses").FirstOrDefault(a => a.Text("type") == type).Text("address"), None);

    private static string JobStatus(JsonObject job)
    {
        bool Has(string type) => job.Objects("status", "conditions")
            .Any(c => c.Text("type") == type && c.Text("status") == "True");
        return Has("Complete") ? "Complete"
            : Has("Failed") ? "Failed"
            : job.Text("metadata", "deletionTimestamp") is not null ? "Terminating"
            : Has("Suspended") ? "Suspended"
            : Has("FailureTarget") ? "FailureTarget"
            : Has("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
    }

    private static string Completions(JsonObject job)
    {
        var succeeded = job.Whole("status", "succeeded") ?? 0;
        if (job.Whole("spec", "completions") is { } wanted)
        {
            return $"{succeeded}/{wanted}";
        }

        var parallelism = job.Whole("spec", "parallelism") ?? 0;
        return parallelism > 1 ? $"{succeeded}/1 of {parallelism}" : $"{succeeded}/1";
    }

    private static string Duration(JsonObject job, DateTimeOffset now)
    {
        if (Timestamps.Parse(job.Text("status", "startTime")) is not { } started)
        {
            return "";
        }

        return Ages.Of((Timestamps.Parse(job.Text("status", "completionTime")) ?? now) - started);
    }

    private static string ExternalAddress(JsonObject service)
    {
        switch (service.Text("spec", "type"))
        {
            case "LoadBalancer":
                var ingress = service.Objects("status", "loadBalancer", "ingress")
                    .Select(i => i.Text("ip") ?? i.Text("hostname")).OfType<string>().ToList();
                return ingress.Count == 0 ? "<pending>" : string.Join(',', ingress);
            case "ExternalName":
                return service.Text("spec", "externalName") ?? None;
            default:
                var addresses = service.Texts("spec", "externalIPs").ToList();
                return addresses.Count == 0 ? None : string.Join(',', addresses);
        }
    }

    private static string Ports(JsonObject service)
    {
        var ports = service.Objects("spec", "ports").Select(port => port.Whole("nodePort") is > 0 and var open
            ? $"{port.Whole("port")}:{open}/{port.Text("protocol")}" : $"{port.Whole("port")}/{port.Text("protocol")}");
        return Or(string.Join(',', ports), None);
    }

    private static bool IsDefault(JsonObject storage) =>
        storage.At("metadata", "annotations").Text("storageclass.kubernetes.io/is-default-class") == "true"
        || storage.At("metadata", "annotations").Text("storageclass.beta.kubernetes.io/is-default-class") == "true";

    private static string Hosts(JsonObject ingress)
    {
        var hosts = ingress.Objects("spec", "rules").Select(rule => Or(rule.Text("host"), "*")).Take(4).ToList();
        return hosts.Count == 0 ? "*" : hosts.Count > 3
            ? $"{string.Join(',', hosts.Take(3))} + {ingress.Objects("spec", "rules").Count() - 3} more..." : string.Join(',', hosts);
    }

    private static string? LastSeen(JsonObject e) => e.Text("series", "lastObservedTime")
        ?? e.Text("lastTimestamp") ?? e.Text("firstTimestamp") ?? e.Text("eventTime");

    private static string? FirstSeen(JsonObject e) => e.Text("firstTimestamp") ?? e.Text("eventTime");

    private static string Source(JsonObject e)
    {
        var component = e.Text("source", "component") ?? e.Text("reportingComponent") ?? "";
        return e.Text("source", "host") is { Length: > 0 } host ? $"{component}, {host}" : component;
    }

    private static long? Data(JsonObject json) =>
        (json.Object("data")?.Count ?? 0) + (json.Object("binaryData")?.Count ?? 0);

    private static string EndpointList(JsonObject endpoints)
    {
        var places = endpoints.Objects("subsets").SelectMany(subset => subset.Objects("addresses").SelectMany(address =>
            subset.Objects("ports").Select(port => $"{address.Text("ip")}:{port.Whole("port")}"))).ToList();
        return places.Count switch
        {
            0 => None,
            <= 3 => string.Join(',', places),
            _ => string.Join(',', places.Take(3)) + $" + {places.Count - 3} more...",
        };
    }

    private static string Modes(JsonObject volume) => string.Join(',', volume.Texts("spec", "accessModes").Select(mode => mode switch
    {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        _ => mode,
    }));

    private static string Requested(JsonObject request)
    {
        var conditions = request.Objects("status", "conditions").Select(c => c.Text("type")).ToList();
        var status = conditions.Contains("Denied") ? "Denied" : conditions.Contains("Approved") ? "Approved" : "Pending";
        return request.Text("status", "certificate") is { Length: > 0 } ? status + ",Issued" : status;
    }

    private static string Used(JsonObject quota, bool limits)
    {
        var amounts = (quota.Object("spec", "hard") ?? [])
            .Where(hard => hard.Key.StartsWith("limits.", StringComparison.Ordinal) == limits)
            .OrderBy(hard => hard.Key, StringComparer.Ordinal)
            .Select(hard => $"{hard.Key}: {Plain(quota.At("status", "used", hard.Key)) ?? "0"}/{Plain(hard.Value)}");
        return string.Join(", ", amounts);
    }

    private static string Subjects(JsonObject binding, string kind) => string.Join(", ", binding.Objects("subjects")
        .Where(s => s.Text("kind") == kind)
        .Select(s => s.Text("namespace") is { } ns ? $"{ns}/{s.Text("name")}" : s.Text("name")));

    private static string Pairs(JsonObject? map) => map is { Count: > 0 }
        ? string.Join(',', map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value.Text()}"))
        : None;

    private static string? Plain(JsonNode? value) => value.Text() ?? value?.ToJsonString();

    private static string Or(string? text, string other) => string.IsNullOrEmpty(text) ? other : text;
}
