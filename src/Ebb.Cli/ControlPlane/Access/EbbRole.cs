using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Cli.Clusters;

namespace Ebb.Cli.ControlPlane.Access;

/// <summary>
/// What Ebb's own user may do: the rules of <c>examples/rbac.yaml</c>, bound to the user <c>ebb</c> rather than to a service
/// account, since Ebb runs beside the cluster and not in it.
/// </summary>
internal static class EbbRole
{
    public const string User = "ebb";

    // Its own name: whoever applies the example as well binds a service account under the name that stands there.
    private const string BindingName = "ebb:user";

    public static ImmutableArray<Manifest> Manifests()
    {
        var manifests = ImmutableArray.CreateBuilder<Manifest>();
        foreach (var role in Roles())
        {
            var name = (string)role["metadata"]!["name"]!;
            var rules = role["rules"]!.DeepClone().AsArray();
            if ((string?)role["metadata"]!["namespace"] is { } ns)
            {
                manifests.Add(Manifest.Role(ns, name, rules));
                manifests.Add(Manifest.RoleBinding(ns, BindingName, name, Subject.User(User)));
            }
            else
            {
                manifests.Add(Manifest.ClusterRole(name, rules));
                manifests.Add(Manifest.ClusterRoleBinding(BindingName, name, Subject.User(User)));
            }
        }

        return manifests.ToImmutable();
    }

    private static IEnumerable<JsonNode> Roles()
    {
        using var resource = typeof(EbbRole).Assembly.GetManifestResourceStream("rbac.yaml")!;
        using var reader = new StreamReader(resource);
        return
        [
            .. from document in reader.ReadToEnd().Split("\n---\n")
               let manifest = JsonSerializer.Deserialize<JsonNode>(Yaml.ToJson(document))!
               where (string?)manifest["kind"] is "ClusterRole" or "Role"
               select manifest,
        ];
    }
}
