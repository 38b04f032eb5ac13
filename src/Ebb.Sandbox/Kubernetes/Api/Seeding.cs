using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>What every new cluster has.</summary>
internal static class Seeding
{
    public static void Seed(ObjectStore store, Namespaces namespaces, string authorityPem)
    {
        namespaces.AuthorityPem = authorityPem;
        foreach (var name in new[] { "kube-system", "kube-public", "kube-node-lease", "default" })
        {
            Put(store, Kinds.Namespace, Named(name));
            namespaces.Furnish(name);
        }

        Put(store, Kinds.PriorityClass, Priority("system-node-critical", 2_000_001_000));
        Put(store, Kinds.PriorityClass, Priority("system-cluster-critical", 2_000_000_000));
        Role(store, "cluster-admin", """
            [{"apiGroups":["*"],"resources":["*"],"verbs":["*"]},{"nonResourceURLs":["*"],"verbs":["*"]}]
            """, "system:masters");
        Role(store, "system:discovery", """
            [{"nonResourceURLs":["/api","/api/*","/apis","/apis/*","/healthz","/livez","/openapi","/openapi/*","/readyz","/version","/version/"],"verbs":["get"]}]
            """, "system:authenticated");
        Role(store, "system:basic-user", """
            [{"apiGroups":["authorization.k8s.io"],"resources":["selfsubjectaccessreviews","selfsubjectrulesreviews"],"verbs":["create"]},{"apiGroups":["authentication.k8s.io"],"resources":["selfsubjectreviews"],"verbs":["create"]}]
            """, "system:authenticated");
        Role(store, "system:public-info-viewer", """
            [{"nonResourceURLs":["/healthz","/livez","/readyz","/version","/version/"],"verbs":["get"]}]
            """, "system:authenticated", "system:unauthenticated");
        Role(store, "view", """
            [{"apiGroups":["","apps","batch","policy","autoscaling","networking.k8s.io","discovery.k8s.io"],"resources":["bindings","configmaps","endpoints","events","limitranges","namespaces","namespaces/status","persistentvolumeclaims","persistentvolumeclaims/status","pods","pods/log","pods/status","replicationcontrollers","resourcequotas","serviceaccounts","services","services/status","controllerrevisions","daemonsets","daemonsets/status","deployments","deployments/scale","deployments/status","replicasets","replicasets/scale","replicasets/status","statefulsets","statefulsets/scale","statefulsets/status","cronjobs","cronjobs/status","jobs","jobs/status","poddisruptionbudgets","poddisruptionbudgets/status","horizontalpodautoscalers","ingresses","networkpolicies","endpointslices"],"verbs":["get","list","watch"]}]
            """);
        Role(store, "edit", """
            [{"apiGroups":["","apps","batch","policy","autoscaling","networking.k8s.io"],"resources":["configmaps","endpoints","events","persistentvolumeclaims","pods","pods/eviction","pods/log","replicationcontrollers","secrets","serviceaccounts","services","daemonsets","deployments","deployments/scale","replicasets","replicasets/scale","statefulsets","statefulsets/scale","cronjobs","jobs","poddisruptionbudgets","horizontalpodautoscalers","ingresses","networkpolicies"],"verbs":["create","delete","deletecollection","get","list","patch","update","watch"]}]
            """);
        Put(store, Kinds.Service, JsonNode.Parse("""
            {"metadata":{"name":"kubernetes","namespace":"default","labels":{"component":"apiserver","provider":"kubernetes"}},
             "spec":{"clusterIP":"10.96.0.1","ports":[{"name":"https","port":443,"protocol":"TCP","targetPort":6443}]}}
            """)!.AsObject());
    }

    private static void Role(ObjectStore store, string name, string rules, params string[] groups)
    {
        var role = Named(name);
        role["metadata"]!["labels"] = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" };
        role["rules"] = JsonNode.Parse(rules);
        Put(store, Kinds.ClusterRole, role);
        if (groups.Length == 0)
        {
            return;
        }

        var binding = Named(name);
        binding["roleRef"] = new JsonObject { ["kind"] = "ClusterRole", ["name"] = name };
        binding["subjects"] = new JsonArray([.. groups.Select(
            group => new JsonObject { ["kind"] = "Group", ["name"] = group })]);
        Put(store, Kinds.ClusterRoleBinding, binding);
    }

    private static JsonObject Priority(string name, int value)
    {
        var json = Named(name);
        json["value"] = value;
        return json;
    }

    private static JsonObject Named(string name) => new() { ["metadata"] = new JsonObject { ["name"] = name } };

    private static void Put(ObjectStore store, Kind kind, JsonObject json)
    {
        var ns = json.Text("metadata", "namespace") ?? "";
        if (store.Get(kind, ns, json.Text("metadata", "name")!) is null)
        {
            store.Create(kind, json);
        }
    }
}
