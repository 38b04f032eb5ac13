using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Decides by the RBAC objects in the store who may do what.</summary>
internal sealed class Authorizer(ObjectStore store)
{
    private const string Masters = "system:masters";

    /// <param name="resource">As errors name it: "deployments.apps".</param>
    /// <exception cref="ApiException">403 when it is not allowed.</exception>
    public void Demand(User user, ResourcePath path, string verb, string resource)
    {
        if (Allows(user, verb, path.Group, path.Plural, path.Subresource, path.Namespace, path.Name))
        {
            return;
        }

        var full = path.Subresource.Length == 0 ? path.Plural : path.Plural + "/" + path.Subresource;
        var where = path.Namespace.Length > 0 ? $" in the namespace \"{path.Namespace}\"" : " at the cluster scope";
        var what = path.Name.Length > 0 ? $"{resource} \"{path.Name}\"" : resource;
        throw new ApiException(
            403,
            "Forbidden",
            $"{what} is forbidden: User \"{user.Name}\" cannot {verb} resource \"{full}\" in API group \"{path.Group}\"{where}")
        {
            Details = ApiException.Of(resource, path.Name),
        };
    }

    /// <exception cref="ApiException">403 when it is not allowed.</exception>
    public void DemandPath(User user, string path, string verb)
    {
        if (!AllowsPath(user, path, verb))
        {
            throw new ApiException(
                403, "Forbidden", $"forbidden: User \"{user.Name}\" cannot {verb} path \"{path}\"")
            { Details = [] };
        }
    }

    public bool Allows(
        User user, string verb, string group, string plural, string subresource, string ns, string name)
    {
        var full = subresource.Length == 0 ? plural : plural + "/" + subresource;
        return user.Groups.Contains(Masters) || RulesOf(user, ns).Any(rule =>
            Holds(rule, "verbs", verb)
            && Holds(rule, "apiGroups", group)
            && (Holds(rule, "resources", full) || (subresource.Length > 0 && rule.Texts("resources").Contains("*/" + subresource)))
            && (rule.Array("resourceNames") is not { Count: > 0 } || rule.Texts("resourceNames").Contains(name)));
    }

    public bool AllowsPath(User user, string path, string verb) =>
        user.Groups.Contains(Masters) || RulesOf(user, "").Any(rule =>
            Holds(rule, "verbs", verb) && rule.Texts("nonResourceURLs").Any(url => url == path
                || (url.EndsWith('*') && path.StartsWith(url[..^1], StringComparison.Ordinal))));

    /// <summary>All rules that apply to a user in a namespace, the cluster-wide ones among them.</summary>
    public IEnumerable<JsonObject> RulesOf(User user, string ns)
    {
        foreach (var binding in store.List(Kinds.ClusterRoleBinding))
        {
            if (Names(binding, user))
            {
                foreach (var rule in Rules(Kinds.ClusterRole, "", binding))
                {
                    yield return rule;
                }
            }
        }

        if (ns.Length == 0)
        {
            yield break;
        }

        foreach (var binding in store.List(Kinds.RoleBinding, ns))
        {
            if (Names(binding, user))
            {
                var cluster = binding.Json.Text("roleRef", "kind") == "ClusterRole";
                foreach (var rule in Rules(cluster ? Kinds.ClusterRole : Kinds.Role, cluster ? "" : ns, binding))
                {
                    yield return rule;
                }
            }
        }
    }

    private IEnumerable<JsonObject> Rules(Kind kind, string ns, KubeObject binding)
    {
        var role = store.Get(kind, ns, binding.Json.Text("roleRef", "name") ?? "");
        if (role is null)
        {
            return [];
        }

        var selectors = role.Json.Objects("aggregationRule", "clusterRoleSelectors").Select(LabelSelector.Of).ToList();
        return selectors.Count == 0
            ? role.Json.Objects("rules")
            : store.List(Kinds.ClusterRole).Where(other => selectors.Any(s => s.Matches(other)))
                .SelectMany(other => other.Json.Objects("rules"));
    }

    private static bool Names(KubeObject binding, User user) => binding.Json.Objects("subjects").Any(subject =>
        subject.Text("kind") switch
        {
            "User" => subject.Text("name") == user.Name,
            "Group" => user.Groups.Contains(subject.Text("name") ?? ""),
            "ServiceAccount" => user.Name ==
                $"system:serviceaccount:{subject.Text("namespace") ?? binding.Namespace}:{subject.Text("name")}",
            _ => false,
        });

    private static bool Holds(JsonObject rule, string part, string wanted) =>
        rule.Texts(part).Any(text => text == "*" || text == wanted);
}
