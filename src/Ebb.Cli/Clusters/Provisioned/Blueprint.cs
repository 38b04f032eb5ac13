using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>One of a cluster's two templates, with what it is deployed as.</summary>
/// <param name="Step">Names the step: <c>storage</c> or <c>compute</c>.</param>
internal sealed record Blueprint(string Step, string Group, string Name, JsonObject Template, JsonObject Parameters)
{
    // How many machines there are changes by the hour, and is no reason to deploy again.
    private const string Capacities = "capacities";

    /// <summary>The same for the same template and parameters; the deployment carries it, so that a later run knows what it had.</summary>
    public string Hash { get; } = HashOf(Template, Parameters);

    /// <summary>
    /// As it may be sent to what is there: a machine that exists does not take another first-boot configuration, and would refuse
    /// all of the deployment over it.
    /// </summary>
    public Blueprint For(GroupPlace place)
    {
        var template = Template.DeepClone().AsObject();
        foreach (var resource in (template["resources"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if ((string?)resource["type"] is "Microsoft.Compute/virtualMachines" && (string?)resource["name"] is { } name
                && place.Has("Microsoft.Compute/virtualMachines", name)
                && resource["properties"]?["osProfile"] is JsonObject profile)
            {
                profile.Remove("customData");
            }
        }

        return this with { Template = template };
    }

    private static string HashOf(JsonObject template, JsonObject parameters)
    {
        var lasting = parameters.DeepClone().AsObject();
        lasting.Remove(Capacities);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{template.ToJsonString()}\n{lasting.ToJsonString()}")));
    }
}
