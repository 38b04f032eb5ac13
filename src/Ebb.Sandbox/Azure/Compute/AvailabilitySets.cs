using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Compute;

/// <summary>Machines that are not to fail together.</summary>
internal sealed class AvailabilitySets() : ResourceType("Microsoft.Compute", "availabilitySets")
{
    private const int MostFaultDomains = 3;
    private const int MostUpdateDomains = 20;

    // Compute answers a new one as it does an old one.
    public override int CreatedStatus => 200;

    public override bool HasState => false;

    protected internal override void Complete(Writing w)
    {
        var properties = w.Properties;
        var faults = Whole(properties, "platformFaultDomainCount") ?? 2;
        var updates = Whole(properties, "platformUpdateDomainCount") ?? 5;
        Within("platformFaultDomainCount", faults, MostFaultDomains);
        Within("platformUpdateDomainCount", updates, MostUpdateDomains);
        if (w.Old is { } old && (Changes(old, "platformFaultDomainCount", faults) || Changes(old, "platformUpdateDomainCount", updates)))
        {
            throw new ModelException(CloudErrors.PropertyChange(
                Changes(old, "platformFaultDomainCount", faults) ? "availabilitySet.platformFaultDomainCount" : "availabilitySet.platformUpdateDomainCount"));
        }

        w.Model["sku"] = new JsonObject { ["name"] = OptionalText(Object(w.Model, "sku"), "name") ?? "Classic" };
        properties["platformFaultDomainCount"] = faults;
        properties["platformUpdateDomainCount"] = updates;

        // Answers list its machines; the machines say where they belong.
        properties.Remove("virtualMachines");
        properties.Remove("statuses");
    }

    protected internal override CloudError? Refuse(ResourceStore store, Resource resource, IReadOnlyList<string> users) => users.Count == 0
        ? null
        : new CloudError(409, "OperationNotAllowed",
            $"Availability Set '{resource.Name}' cannot be deleted. Before deleting an Availability Set please ensure that it does not contain any VM.");

    protected internal override void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r) =>
        ScaleSetJson.Child(json, "properties")["virtualMachines"] =
            new JsonArray([.. store.UsersOf(resource.Id).Select(id => (JsonNode)new JsonObject { ["id"] = id })]);

    private static bool Changes(Resource old, string name, int value) => Whole(old.Properties, name) != value;

    private static void Within(string name, int value, int most)
    {
        if (value < 1 || value > most)
        {
            throw Invalid(name, $"The specified {name} {value} must fall in the range 1 to {most}.");
        }
    }
}
