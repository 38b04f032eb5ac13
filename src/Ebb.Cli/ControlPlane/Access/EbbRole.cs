using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Cli.Clusters;

namespace Ebb.Cli.ControlPlane.Access;

/// <summary>
/// What Ebb's own user may do: the rules of <c>examples/rbac.yaml</c>, and where it admits machines those of
/// <c>examples/rbac-join.yaml</c>, bound to the user <c>ebb</c> rather than to a service account, since Ebb runs beside the cluster
/// and not in it.
/// </summary>
internal static class EbbRole
{
    public const string User = "ebb";

    /// <param name="joins">Whether it is a join server as well.</param>
    public static ImmutableArray<Manifest> Manifests(bool joins = false)
    {
        var manifests = ImmutableArray.CreateBuilder<Manifest>();
        foreach (var role in joins ? [.. Roles("rbac.yaml"), .. Roles("rbac-join.yaml")] : Roles("rbac.yaml"))
        {
            var name = (string)role["metadata"]!["name"]!;

            // Its own name: whoever applies the example as well binds a service account under the name that stands there.
            var binding = $"{name}:user";
            var rules = role["rules"]!.DeepClone().AsArray();
            if ((string?)role["metadata"]!["namespace"] is { } ns)
            {
                manifests.Add(Manifest.Role(ns, name, rules));
                manifests.Add(Manifest.RoleBinding(ns, binding, name, Subject.User(User)));
            }
            else
            {
                manifests.Add(Manifest.ClusterRole(name, rules));
                manifests.Add(Manifest.ClusterRoleBinding(binding, name, Subject.User(User)));
            }
        }

        return manifests.ToImmutable();
    }

    private static IEnumerable<JsonNode> Roles(string file)
    {
        using var resource = typeof(EbbRole).Assembly.GetManifestResourceStream(file)!;
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
