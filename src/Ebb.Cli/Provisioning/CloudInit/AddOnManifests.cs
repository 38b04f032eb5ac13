using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>What k3s applies by itself from its directory of manifests, beside what it brings along.</summary>
internal static class AddOnManifests
{
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

    /// <summary>What the controller may do: the same file that those apply who run it elsewhere.</summary>
    private static string Role()
    {
        using var reader = new StreamReader(typeof(AddOnManifests).Assembly.GetManifestResourceStream("rbac.yaml")!);
        return reader.ReadToEnd();
    }
}
