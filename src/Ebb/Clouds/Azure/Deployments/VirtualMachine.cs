using System.Globalization;
using System.Text.Json.Nodes;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>A machine that stands alone, as Azure shows it with its instance view.</summary>
/// <param name="Model">All that Azure says of it.</param>
public sealed record VirtualMachine(string Name, JsonObject Model)
{
    public string Size => (string?)Properties?["hardwareProfile"]?["vmSize"] ?? "";

    /// <summary>In which it is alone unless others are, too; null where it is in none.</summary>
    public string? AvailabilitySet => (string?)Properties?["availabilitySet"]?["id"];

    /// <summary>Its system disk's id; null where Azure does not say.</summary>
    public string? SystemDisk => (string?)Properties?["storageProfile"]?["osDisk"]?["managedDisk"]?["id"];

    /// <summary>Null where Azure does not say.</summary>
    public DateTimeOffset? MadeAt =>
        DateTimeOffset.TryParse((string?)Properties?["timeCreated"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;

    /// <summary>Something is being done to it.</summary>
    public bool Busy => (string?)Properties?["provisioningState"] is "Creating" or "Updating" or "Deleting"
        || Power is "starting" or "stopping" or "deallocating";

    /// <summary>Runs no guest, and is not about to: somebody stopped it, or it found no place.</summary>
    public bool HasNoPower => Power is "stopped" or "deallocated";

    /// <summary>It stands on no hardware, and may be given any other.</summary>
    public bool Deallocated => Power is "deallocated";

    /// <summary>Azure could not place it, or is deleting it. It may have run before.</summary>
    public bool Unplaced => (string?)Properties?["provisioningState"] is ("Failed" or "Deleting") && Power is ("" or "deallocated");

    /// <summary>Why the last thing that was done to it failed; null when it did not.</summary>
    public AzureFault? Failure
    {
        get
        {
            if ((string?)Properties?["provisioningState"] is not "Failed")
            {
                return null;
            }

            // ProvisioningState/failed/AllocationFailed
            var said = Statuses("ProvisioningState/failed").FirstOrDefault();
            var code = ((string?)said?["code"] ?? "").Split('/').ElementAtOrDefault(2) ?? "Failed";
            return new AzureFault(code, (string?)said?["message"] ?? "Azure does not say why", null, []);
        }
    }

    private JsonNode? Properties => Model["properties"];

    private string Power => Statuses("PowerState/").Select(status => ((string)status["code"]!)["PowerState/".Length..].ToLowerInvariant()).FirstOrDefault() ?? "";

    private IEnumerable<JsonObject> Statuses(string begin) =>
        (Properties?["instanceView"]?["statuses"] as JsonArray ?? []).OfType<JsonObject>()
            .Where(status => (string?)status["code"] is { } code && code.StartsWith(begin, StringComparison.OrdinalIgnoreCase));
}
