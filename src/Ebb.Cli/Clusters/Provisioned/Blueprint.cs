using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Cli.Provisioning;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>One of a cluster's two templates, with what it is deployed as.</summary>
/// <param name="Step">Names the step: <c>storage</c> or <c>compute</c>.</param>
internal sealed record Blueprint(string Step, string Group, string Name, JsonObject Template, JsonObject Parameters)
{
    // How many machines there are changes by the hour, and is no reason to deploy again.
    private const string Capacities = "capacities";

    // A machine takes it at its birth alone, and one that is missing is seen without it; what it says besides comes to those that run as orders.
    private const string FirstBoots = "customData";

    private const string MachineType = "Microsoft.Compute/virtualMachines";

    // Of a network card: whether the machine reaches the network's hardware itself.
    private const string Acceleration = "enableAcceleratedNetworking";

    private const string ScaleSetType = "Microsoft.Compute/virtualMachineScaleSets";

    // Of a scale set: its size, and how many machines it has.
    private const string Sku = "sku";

    // Of a machine's properties. Azure leaves out of what it says whatever is secret, and what it is not told stays.
    private static readonly ImmutableArray<string> Lasting = ["hardwareProfile", "storageProfile", "osProfile", "availabilitySet"];

    /// <summary>The same for the same template and parameters; the deployment carries it, so that a later run knows what it had.</summary>
    public string Hash { get; } = HashOf(Template, Parameters);

    public TemplateReading Reading => new(Template, Parameters);

    /// <summary>
    /// As it may be sent to what is there. A machine that exists stays as it is but for its tags: it takes neither another first-boot
    /// configuration nor other keys to log in with, and would refuse all of the deployment over it; and its size, disk and image are
    /// changed machine by machine, where a deployment would do it to all of them at once. So its network card stays accelerated or not:
    /// Azure refuses what the size that the machine has yet does not go with. A scale set that exists keeps the number of its machines:
    /// nothing is said of it, since it may change until the deployment comes to the set, unless the size changes, which Azure takes
    /// only together with a number.
    /// </summary>
    /// <param name="machines">Those that are there, by their names.</param>
    /// <param name="accelerated">Whether the network card of each of them is.</param>
    /// <param name="sets">The scale sets that are there, by their names.</param>
    public Blueprint For(
        IReadOnlyDictionary<string, VirtualMachine> machines, IReadOnlyDictionary<string, bool> accelerated, IReadOnlyDictionary<string, ScaleSetFacts> sets)
    {
        var template = Template.DeepClone().AsObject();
        var resources = (template["resources"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        foreach (var resource in resources)
        {
            if ((string?)resource["name"] is not { } name || resource["properties"] is not JsonObject properties)
            {
                continue;
            }

            if (properties.ContainsKey(Acceleration))
            {
                properties[Acceleration] = accelerated.TryGetValue(name, out var on) ? on
                    : (bool)properties[Acceleration]! && !JoinsPlain(resources.Find(other => Is(other, MachineType) && (string?)other["name"] == name), machines, accelerated);
            }

            if (Is(resource, MachineType) && machines.GetValueOrDefault(name) is { } there)
            {
                foreach (var fixedly in Lasting)
                {
                    Take(properties, there.Model["properties"], fixedly);
                }

                Take(resource, there.Model, "zones");
            }
            else if (Is(resource, ScaleSetType) && sets.GetValueOrDefault(name) is { } set
                && set.Size.Equals((string?)resource[Sku]?["name"], StringComparison.OrdinalIgnoreCase))
            {
                resource.Remove(Sku);
            }
        }

        return this with { Template = template, Parameters = With(sets) };
    }

    /// <summary>The machines that stand alone, by their names.</summary>
    public IEnumerable<string> Machines => Named(MachineType);

    /// <summary>Likewise.</summary>
    public IEnumerable<string> ScaleSets => Named(ScaleSetType);

    private IEnumerable<string> Named(string type) =>
        (Template["resources"] as JsonArray ?? []).OfType<JsonObject>().Where(resource => Is(resource, type)).Select(resource => (string?)resource["name"]).OfType<string>();

    /// <summary>The parameters for as many machines as scale sets have; those of a set that is not there are as rendered.</summary>
    private JsonObject With(IReadOnlyDictionary<string, ScaleSetFacts> sets)
    {
        var parameters = Parameters.DeepClone().AsObject();
        if (parameters[Capacities]?["value"] is JsonObject capacities)
        {
            foreach (var name in capacities.Select(capacity => capacity.Key).Where(sets.ContainsKey).ToList())
            {
                capacities[name] = sets[name].Capacity;
            }
        }

        return parameters;
    }

    /// <summary>Whether a machine that is yet to be made comes to an availability set whose machines all have plain cards: it may stand on hardware that has no others, and Azure refuses one then.</summary>
    private static bool JoinsPlain(JsonObject? machine, IReadOnlyDictionary<string, VirtualMachine> machines, IReadOnlyDictionary<string, bool> accelerated)
    {
        var others = machines.Values.Where(other => other.AvailabilitySet is not null).ToList();
        return machine?["properties"]?["availabilitySet"] is not null && others.Count > 0 && others.TrueForAll(other => !accelerated.GetValueOrDefault(other.Name));
    }

    private static void Take(JsonObject ours, JsonNode? theirs, string name)
    {
        if (theirs?[name] is { } value)
        {
            ours[name] = value.DeepClone();
        }
        else
        {
            ours.Remove(name);
        }
    }

    private static bool Is(JsonObject resource, string type) => (string?)resource["type"] == type;

    private static string HashOf(JsonObject template, JsonObject parameters)
    {
        var lasting = parameters.DeepClone().AsObject();
        lasting.Remove(Capacities);
        (lasting[FirstBoots]?["value"] as JsonObject)?.Remove(ResourceNames.ControlPlaneRole);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{template.ToJsonString()}\n{lasting.ToJsonString()}")));
    }
}
