using System.Text;
using System.Text.Json.Nodes;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;

namespace Ebb.Cli.ControlPlane.Access;

/// <summary>An object as it is to be.</summary>
/// <param name="Plural">As in URLs: <c>clusterroles</c>.</param>
/// <param name="Content">All but version, kind, name and namespace.</param>
internal sealed record Manifest(string GroupVersion, string Kind, string Plural, string? Namespace, string Name, JsonObject Content)
{
    public const string Rbac = "rbac.authorization.k8s.io/v1";

    // Others may add to these objects; what stands here is Ebb's, whoever wrote it before.
    private static readonly WriteOptions Mine = new() { FieldManager = "ebb-control-plane", Force = true };

    public static Manifest ClusterRole(string name, JsonArray rules) =>
        new(Rbac, "ClusterRole", "clusterroles", null, name, new JsonObject { ["rules"] = rules });

    public static Manifest Role(string ns, string name, JsonArray rules) =>
        new(Rbac, "Role", "roles", ns, name, new JsonObject { ["rules"] = rules });

    public static Manifest ClusterRoleBinding(string name, string clusterRole, Subject subject) =>
        new(Rbac, "ClusterRoleBinding", "clusterrolebindings", null, name, Binding("ClusterRole", clusterRole, subject));

    public static Manifest RoleBinding(string ns, string name, string role, Subject subject) =>
        new(Rbac, "RoleBinding", "rolebindings", ns, name, Binding("Role", role, subject));

    public static JsonObject Rule(string group, string resource, string[] verbs, params string[] names)
    {
        var rule = new JsonObject { ["apiGroups"] = new JsonArray(group), ["resources"] = new JsonArray(resource), ["verbs"] = Texts(verbs) };
        if (names.Length > 0)
        {
            rule["resourceNames"] = Texts(names);
        }

        return rule;
    }

    /// <summary>Makes it so, however often it is done.</summary>
    public Task ApplyAsync(KubeClient admin, CancellationToken ct)
    {
        var metadata = new JsonObject { ["name"] = Name };
        if (Namespace is not null)
        {
            metadata["namespace"] = Namespace;
        }

        var whole = (JsonObject)Content.DeepClone();
        whole["apiVersion"] = GroupVersion;
        whole["kind"] = Kind;
        whole["metadata"] = metadata;
        return admin.PatchAsync(
            new Resource<V1Any>(GroupVersion, Plural), Namespace, Name, PatchKind.Apply, Encoding.UTF8.GetBytes(whole.ToJsonString()), Mine, ct);
    }

    private static JsonObject Binding(string kind, string role, Subject subject) => new()
    {
        ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = kind, ["name"] = role },
        ["subjects"] = new JsonArray(new JsonObject
        {
            ["apiGroup"] = "rbac.authorization.k8s.io",
            ["kind"] = subject.Group ? "Group" : "User",
            ["name"] = subject.Name,
        }),
    };

    private static JsonArray Texts(string[] texts) => [.. texts.Select(text => JsonValue.Create(text))];
}

/// <summary>Whom a binding is for.</summary>
internal readonly record struct Subject(string Name, bool Group)
{
    public static Subject User(string name) => new(name, Group: false);

    public static Subject Members(string group) => new(group, Group: true);
}
