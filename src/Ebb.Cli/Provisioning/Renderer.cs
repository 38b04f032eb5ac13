using System.Collections.Immutable;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning.Templates;

namespace Ebb.Cli.Provisioning;

/// <summary>Turns a cluster's file into what the cloud and its machines are told. Pure: reads and writes nothing.</summary>
internal static class Renderer
{
    /// <exception cref="EbbException">The inputs are not enough for what the file asks for.</exception>
    public static Rendering Render(ClusterFile cluster, RenderInputs inputs)
    {
        var names = new ResourceNames(cluster, inputs.SubscriptionId);
        var storage = StorageTemplate.Compose(cluster, names);
        return new Rendering
        {
            Names = names,
            StorageTemplate = storage.Template,
            StorageParameters = storage.Parameters,
            ComputeTemplate = [],
            ComputeParameters = [],
            CloudConfigs = ImmutableSortedDictionary<string, string>.Empty,
            Readme = "",
        };
    }
}
