using System.Collections.Immutable;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning.CloudInit;
using Ebb.Cli.Provisioning.Templates;

namespace Ebb.Cli.Provisioning;

/// <summary>Turns a cluster's file, as its rules have let it pass, into what the cloud and its machines are told. Pure: reads and writes nothing.</summary>
internal static class Renderer
{
    /// <exception cref="EbbException">The inputs are not enough for what the file asks for.</exception>
    public static Rendering Render(ClusterFile cluster, RenderInputs inputs)
    {
        var names = new ResourceNames(cluster, inputs.SubscriptionId);
        var configs = PoolScaleSet.Of(cluster).ToImmutableSortedDictionary(
            set => set.Name, set => PoolConfig.Compose(cluster, names, inputs, set), StringComparer.Ordinal)
            .Add(ResourceNames.ControlPlaneRole, ControlPlaneConfig.Compose(cluster, names, inputs));
        var storage = StorageTemplate.Compose(cluster, names);
        var compute = ComputeTemplate.Compose(
            cluster, names, inputs, configs.ToDictionary(config => config.Key, config => CloudConfig.Encode(config.Value, config.Key)));
        return new Rendering
        {
            Names = names,
            StorageTemplate = storage.Template,
            StorageParameters = storage.Parameters,
            ComputeTemplate = compute.Template,
            ComputeParameters = compute.Parameters,
            CloudConfigs = configs,
            SystemFiles = [.. ControlPlaneConfig.Taken(cluster, inputs).Select(file => file["from"]!.GetValue<string>()).Distinct().Order(StringComparer.Ordinal)],
        };
    }
}
