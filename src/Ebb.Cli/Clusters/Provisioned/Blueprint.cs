using System.Collections.Immutable;
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

    private const string MachineType = "Microsoft.Compute/virtualMachines";

    /// <summary>The same for the same template and parameters; the deployment carries it, so that a later run knows what it had.</summary>
    public string Hash { get; } = HashOf(Template, Parameters);

    public TemplateReading Reading => new(Template, Parameters);

    /// <summary>
    /// As it may be sent to what is there: a machine that exists takes neither another first-boot configuration nor other keys to log in
    /// with, and would refuse all of the deployment over it.
    /// </summary>
    /// <param name="logins">How one logs in to the machines that are there, by their names, as Azure has it.</param>
    public Blueprint For(GroupPlace place, ImmutableDictionary<string, JsonObject> logins)
    {
        var template = Template.DeepClone().AsObject();
        foreach (var resource in (template["resources"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (IsMachine(resource) && (string?)resource["name"] is { } name && place.Has(MachineType, name) && resource["properties"]?["osProfile"] is JsonObject profile)
            {
                profile.Remove("customData");
                if (logins.GetValueOrDefault(name) is { } login)
                {
                    profile["linuxConfiguration"] = login.DeepClone();
                }
            }
        }

        return this with { Template = template };
    }

    /// <summary>The machines that stand alone, by their names.</summary>
    public IEnumerable<string> Machines =>
        (Template["resources"] as JsonArray ?? []).OfType<JsonObject>().Where(IsMachine).Select(resource => (string?)resource["name"]).OfType<string>();

    private static bool IsMachine(JsonObject resource) => (string?)resource["type"] is MachineType;

    private static string HashOf(JsonObject template, JsonObject parameters)
    {
        var lasting = parameters.DeepClone().AsObject();
        lasting.Remove(Capacities);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{template.ToJsonString()}\n{lasting.ToJsonString()}")));
    }
}
