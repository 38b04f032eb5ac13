namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>Where the real server keeps an object in etcd: some of its messages name the place.</summary>
internal static class StoragePath
{
    public static string Of(KubeObject item)
    {
        var kind = item.Kind;
        var folder = kind.Resource switch
        {
            "nodes" => "minions",
            "services" => "services/specs",
            "endpoints" => "services/endpoints",
            "replicationcontrollers" => "controllers",
            "ingresses.networking.k8s.io" => "ingress",
            _ when kind.Custom || kind.Group is "apiextensions.k8s.io" or "apiregistration.k8s.io" => $"{kind.Group}/{kind.Plural}",
            _ => kind.Plural,
        };
        return $"/registry/{folder}/" + (item.Namespace.Length > 0 ? item.Namespace + "/" : "") + item.Name;
    }
}
