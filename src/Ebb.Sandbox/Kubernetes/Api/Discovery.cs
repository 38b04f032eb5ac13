using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>What tells clients which kinds there are.</summary>
internal static class Discovery
{
    private static readonly string[] AllVerbs =
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    // The order in which the real server lists those of custom kinds.
    private static readonly string[] CustomVerbs =
        ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

    private static readonly string[] PartVerbs = ["get", "patch", "update"];

    // Served, though nothing of them is kept.
    private static readonly (string Group, string Version, Entry Entry)[] Virtual =
    [
        ("", "v1", new Entry("bindings", "Binding", true, ["create"])),
        ("authentication.k8s.io", "v1", new Entry("selfsubjectreviews", "SelfSubjectReview", false, ["create"])),
        ("authentication.k8s.io", "v1", new Entry("tokenreviews", "TokenReview", false, ["create"])),
        ("authorization.k8s.io", "v1", new Entry("localsubjectaccessreviews", "LocalSubjectAccessReview", true, ["create"])),
        ("authorization.k8s.io", "v1", new Entry("selfsubjectaccessreviews", "SelfSubjectAccessReview", false, ["create"])),
        ("authorization.k8s.io", "v1", new Entry("selfsubjectrulesreviews", "SelfSubjectRulesReview", false, ["create"])),
        ("authorization.k8s.io", "v1", new Entry("subjectaccessreviews", "SubjectAccessReview", false, ["create"])),
        ("metrics.k8s.io", "v1beta1", new Entry("nodes", "NodeMetrics", false, ["get", "list"])),
        ("metrics.k8s.io", "v1beta1", new Entry("pods", "PodMetrics", true, ["get", "list"])),
    ];

    public static JsonObject CoreVersions() => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = new JsonArray("v1"),
        ["serverAddressByClientCIDRs"] = new JsonArray(
            new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = "127.0.0.1" }),
    };

    public static JsonObject Groups(Catalog catalog) => new()
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = new JsonArray([.. GroupVersions(catalog).Where(g => g.Group.Length > 0).Select(g => Describe(g.Group, g.Versions))]),
    };

    public static JsonObject? Group(Catalog catalog, string group)
    {
        var found = GroupVersions(catalog).FirstOrDefault(g => g.Group == group);
        if (found.Versions is null || group.Length == 0)
        {
            return null;
        }

        var json = Describe(group, found.Versions);
        json.Insert(0, "apiVersion", "v1");
        json.Insert(0, "kind", "APIGroup");
        return json;
    }

    public static JsonObject? Resources(Catalog catalog, string group, string version)
    {
        var entries = Entries(catalog, group, version).ToList();
        if (entries.Count == 0)
        {
            return null;
        }

        var json = new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}",
            ["resources"] = new JsonArray([.. entries.Select(Describe)]),
        };
        if (group.Length > 0)
        {
            // The oldest list is older than the field, and still does without.
            json.Insert(1, "apiVersion", "v1");
        }

        return json;
    }

    public static JsonObject Aggregated(Catalog catalog, bool core, string apiVersion)
    {
        var items = new JsonArray();
        foreach (var (group, versions) in GroupVersions(catalog).Where(g => g.Group.Length == 0 == core))
        {
            items.Add(new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = group, ["creationTimestamp"] = null },
                ["versions"] = new JsonArray([.. versions.Select(version => new JsonObject
                {
                    ["version"] = version,
                    ["resources"] = AggregatedResources(catalog, group, version),
                    ["freshness"] = "Current",
                })]),
            });
        }

        return new JsonObject
        {
            ["kind"] = "APIGroupDiscoveryList",
            ["apiVersion"] = "apidiscovery.k8s.io/" + apiVersion,
            ["metadata"] = new JsonObject(),
            ["items"] = items,
        };
    }

    /// <summary>All groups with their versions, the preferred one first.</summary>
    public static IEnumerable<(string Group, List<string> Versions)> GroupVersions(Catalog catalog) =>
        catalog.All.Select(r => (r.Group, r.Version)).Concat(Virtual.Select(v => (v.Group, v.Version)))
            .Distinct().GroupBy(v => v.Group).Select(g => (g.Key, g.Select(v => v.Version).ToList()));

    private static IEnumerable<Entry> Entries(Catalog catalog, string group, string version)
    {
        foreach (var resource in catalog.All.Where(r => r.Group == group && r.Version == version))
        {
            var kind = resource.Kind;
            yield return new Entry(kind.Plural, kind.Name, kind.Namespaced, kind.Custom ? CustomVerbs : AllVerbs)
            {
                Singular = kind.Singular,
                ShortNames = kind.ShortNames,
                Categories = kind.Categories,
            };
            if (kind.HasStatus && kind.Custom)
            {
                yield return new Entry(kind.Plural + "/status", kind.Name, kind.Namespaced, PartVerbs);
            }

            if (kind.HasScale)
            {
                yield return new Entry(kind.Plural + "/scale", "Scale", kind.Namespaced, PartVerbs)
                {
                    Group = "autoscaling",
                    Version = "v1",
                };
            }

            if (kind.HasStatus && !kind.Custom)
            {
                yield return new Entry(kind.Plural + "/status", kind.Name, kind.Namespaced, PartVerbs);
            }

            foreach (var part in Parts(kind))
            {
                yield return part;
            }
        }

        foreach (var (_, _, entry) in Virtual.Where(v => v.Group == group && v.Version == version))
        {
            yield return entry;
        }
    }

    private static IEnumerable<Entry> Parts(Kind kind)
    {
        if (kind.Equals(Kinds.Pod))
        {
            yield return new Entry("pods/binding", "Binding", true, ["create"]);
            yield return new Entry("pods/eviction", "Eviction", true, ["create"]) { Group = "policy", Version = "v1" };
            yield return new Entry("pods/log", "Pod", true, ["get"]);
        }
        else if (kind.Equals(Kinds.ServiceAccount))
        {
            yield return new Entry("serviceaccounts/token", "TokenRequest", true, ["create"])
            {
                Group = "authentication.k8s.io",
                Version = "v1",
            };
        }
        else if (kind.Equals(Kinds.Namespace))
        {
            yield return new Entry("namespaces/finalize", "Namespace", false, ["update"]);
        }
        else if (kind.Equals(Kinds.CertificateSigningRequest))
        {
            yield return new Entry("certificatesigningrequests/approval", kind.Name, false, PartVerbs);
        }
    }

    private static JsonArray AggregatedResources(Catalog catalog, string group, string version)
    {
        var resources = new JsonArray();
        foreach (var family in Entries(catalog, group, version).GroupBy(e => e.Name.Split('/')[0]))
        {
            var main = family.First();
            var json = new JsonObject
            {
                ["resource"] = main.Name,
                ["responseKind"] = Kind(main, group, version),
                ["scope"] = main.Namespaced ? "Namespaced" : "Cluster",
                ["singularResource"] = main.Singular,
                ["verbs"] = Array(main.Verbs),
            };
            if (main.ShortNames.Count > 0)
            {
                json["shortNames"] = Array(main.ShortNames);
            }

            if (main.Categories.Count > 0)
            {
                json["categories"] = Array(main.Categories);
            }

            if (family.Count() > 1)
            {
                json["subresources"] = new JsonArray([.. family.Skip(1).Select(part => new JsonObject
                {
                    ["subresource"] = part.Name.Split('/')[1],
                    ["responseKind"] = Kind(part, group, version),
                    ["verbs"] = Array(part.Verbs),
                })]);
            }

            resources.Add(json);
        }

        return resources;
    }

    private static JsonObject Kind(Entry entry, string group, string version) => new()
    {
        ["group"] = entry.Group ?? group,
        ["version"] = entry.Version ?? version,
        ["kind"] = entry.Kind,
    };

    private static JsonObject Describe(string group, List<string> versions)
    {
        JsonObject Version(string version) => new() { ["groupVersion"] = $"{group}/{version}", ["version"] = version };
        return new JsonObject
        {
            ["name"] = group,
            ["versions"] = new JsonArray([.. versions.Select(Version)]),
            ["preferredVersion"] = Version(versions[0]),
        };
    }

    private static JsonObject Describe(Entry entry)
    {
        var json = new JsonObject
        {
            ["name"] = entry.Name,
            ["singularName"] = entry.Name.Contains('/', StringComparison.Ordinal) ? "" : entry.Singular,
            ["namespaced"] = entry.Namespaced,
        };
        if (entry.Group is not null)
        {
            json["group"] = entry.Group;
            json["version"] = entry.Version;
        }

        json["kind"] = entry.Kind;
        json["verbs"] = Array(entry.Verbs);
        if (entry.ShortNames.Count > 0)
        {
            json["shortNames"] = Array(entry.ShortNames);
        }

        if (entry.Categories.Count > 0)
        {
            json["categories"] = Array(entry.Categories);
        }

        return json;
    }

    private static JsonArray Array(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    private sealed record Entry(string Name, string Kind, bool Namespaced, IReadOnlyList<string> Verbs)
    {
        public string? Group { get; init; }

        public string? Version { get; init; }

        public string Singular { get; init; } = Kind.ToLowerInvariant();

        public IReadOnlyList<string> ShortNames { get; init; } = [];

        public IReadOnlyList<string> Categories { get; init; } = [];
    }
}
