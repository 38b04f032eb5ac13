using Ebb.Kubernetes.Objects;

namespace Ebb.Kubernetes;

/// <summary>A kind of object: where its API lives, and the record it is read into.</summary>
/// <param name="GroupVersion"><c>v1</c> for the core, else for example <c>apps/v1</c>.</param>
/// <param name="Plural">As in URLs: <c>pods</c>.</param>
public sealed record Resource<T>(string GroupVersion, string Plural)
    where T : V1Object
{
    /// <summary>The path of the collection, of one object in it, or of a part of that object.</summary>
    /// <param name="ns">Null or empty: objects of the whole cluster, or those of all namespaces.</param>
    internal string Path(string? ns, string? name = null, string? subresource = null)
    {
        var root = GroupVersion.Contains('/', StringComparison.Ordinal) ? "apis" : "api";
        var path = $"{root}/{GroupVersion}";
        path += string.IsNullOrEmpty(ns) ? $"/{Plural}" : $"/namespaces/{Segment(ns)}/{Plural}";
        path += name is null ? "" : $"/{Segment(name)}";
        return subresource is null ? path : $"{path}/{subresource}";
    }

    // A name is one segment, whatever it says: an empty one would address the whole collection, and ".." what lies above it.
    private static string Segment(string name) =>
        name is "" or "." or ".."
            ? throw new ArgumentException($"'{name}' cannot be the name of a Kubernetes object.", nameof(name))
            : Uri.EscapeDataString(name);
}

/// <summary>The kinds that have a record here.</summary>
public static class Resources
{
    public static readonly Resource<V1Node> Nodes = new("v1", "nodes");
    public static readonly Resource<V1Pod> Pods = new("v1", "pods");
    public static readonly Resource<V1Namespace> Namespaces = new("v1", "namespaces");
    public static readonly Resource<V1ConfigMap> ConfigMaps = new("v1", "configmaps");
    public static readonly Resource<V1Secret> Secrets = new("v1", "secrets");
    public static readonly Resource<V1Event> Events = new("v1", "events");
    public static readonly Resource<V1PersistentVolume> PersistentVolumes = new("v1", "persistentvolumes");
    public static readonly Resource<V1PersistentVolumeClaim> PersistentVolumeClaims = new("v1", "persistentvolumeclaims");
    public static readonly Resource<V1DaemonSet> DaemonSets = new("apps/v1", "daemonsets");
    public static readonly Resource<V1StorageClass> StorageClasses = new("storage.k8s.io/v1", "storageclasses");
    public static readonly Resource<V1Lease> Leases = new("coordination.k8s.io/v1", "leases");
    public static readonly Resource<V1PodDisruptionBudget> PodDisruptionBudgets = new("policy/v1", "poddisruptionbudgets");

    /// <summary>What servers before 1.21 have instead; gone in 1.25.</summary>
    public static readonly Resource<V1PodDisruptionBudget> PodDisruptionBudgetsBeta = new("policy/v1beta1", "poddisruptionbudgets");
}
