using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Cli.ControlPlane.Access;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>What k3s applies by itself from its directory of manifests, beside what it brings along.</summary>
internal static class AddOnManifests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static IEnumerable<(string Name, string Manifest)> Of(ClusterFile cluster, ResourceNames names)
    {
        yield return ("role", Role());
        if (cluster.AddOns.Registry)
        {
            yield return ("registry", Texts.Read("registry.yaml").Replace("NODE", names.ControlPlaneMachine(0), StringComparison.Ordinal));
        }

        if (cluster.AddOns.Dashboard)
        {
            yield return ("dashboard", Texts.Read("dashboard.yaml"));
        }

        if (cluster.Options.Nvidia)
        {
            yield return ("nvidia", Texts.Read("nvidia.yaml"));
        }
    }

    /// <summary>What the controller's own user may do. JSON is YAML too.</summary>
    private static string Role() => string.Concat(EbbRole.Manifests(joins: true).Select(manifest =>
    {
        var metadata = new JsonObject { ["name"] = manifest.Name };
        if (manifest.Namespace is { } ns)
        {
            metadata["namespace"] = ns;
        }

        var whole = new JsonObject { ["apiVersion"] = manifest.GroupVersion, ["kind"] = manifest.Kind, ["metadata"] = metadata };
        foreach (var (key, value) in manifest.Content)
        {
            whole[key] = value?.DeepClone();
        }

        return $"---\n{whole.ToJsonString(Indented)}\n";
    }));
}
