using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Compute;

/// <summary>Images that machines are made from: a few of each kind, listed from publisher down to version.</summary>
internal sealed class Images(ResourceStore store)
{
    // Publisher, offer, sku, and its versions, oldest first.
    private static readonly ImmutableArray<(string Publisher, string Offer, string Sku, string[] Versions)> Catalogue =
    [
        ("Canonical", "UbuntuServer", "16.04-LTS", ["16.04.202109280", "16.04.202109281"]),
        ("Canonical", "UbuntuServer", "18.04-LTS", ["18.04.201906040", "18.04.202305180"]),
        ("Canonical", "UbuntuServer", "18_04-lts-gen2", ["18.04.202305180"]),
        ("Canonical", "0001-com-ubuntu-server-focal", "20_04-lts", ["20.04.202404080"]),
        ("Canonical", "0001-com-ubuntu-server-focal", "20_04-lts-gen2", ["20.04.202404080"]),
        ("Canonical", "0001-com-ubuntu-server-focal", "20_04-lts-arm64", ["20.04.202404080"]),
        ("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", ["22.04.202404090", "22.04.202509090"]),
        ("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", ["22.04.202404090", "22.04.202509090"]),
        ("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-arm64", ["22.04.202509090"]),
        ("Canonical", "ubuntu-24_04-lts", "server", ["24.04.202505280", "24.04.202509110"]),
        ("Canonical", "ubuntu-24_04-lts", "server-gen1", ["24.04.202509110"]),
        ("Canonical", "ubuntu-24_04-lts", "server-arm64", ["24.04.202509110"]),
        ("Canonical", "ubuntu-24_04-lts", "minimal", ["24.04.202509110"]),
        ("Debian", "debian-11", "11-gen2", ["0.20250703.2162"]),
        ("Debian", "debian-12", "12", ["0.20250703.2162", "0.20250910.2231"]),
        ("Debian", "debian-12", "12-gen2", ["0.20250703.2162", "0.20250910.2231"]),
        ("Debian", "debian-12", "12-arm64", ["0.20250910.2231"]),
        ("Debian", "debian-13", "13-gen2", ["0.20250911.2232"]),
        ("Debian", "debian-13", "13-arm64", ["0.20250911.2232"]),
        ("RedHat", "RHEL", "9_4", ["9.4.2025070114"]),
        ("RedHat", "RHEL", "94_gen2", ["9.4.2025070114"]),
        ("SUSE", "sles-15-sp5", "gen2", ["2025.06.24"]),
    ];

    /// <summary>Refuses an image that is not there, and one named in part only.</summary>
    public static void Check(CloudWorld world, JsonObject image)
    {
        string Member(string name) => JsonRead.OptionalText(image, name) ?? throw JsonRead.Required($"imageReference.{name}");
        var (publisher, offer, sku, version) = (Member("publisher"), Member("offer"), Member("sku"), Member("version"));
        var found = Catalogue.FirstOrDefault(i => JsonRead.Is(i.Publisher, publisher) && JsonRead.Is(i.Offer, offer) && JsonRead.Is(i.Sku, sku));
        if (found.Sku is null || !(JsonRead.Is(version, "latest") || found.Versions.Contains(version)))
        {
            throw new JsonRead.ModelException(new CloudError(404, "PlatformImageNotFound",
                $"The platform image '{publisher}:{offer}:{sku}:{version}' is not available in location '{world.Options.Location}'. " +
                "Verify that all fields in the storage profile are correct. For more details about storage profile information, please refer to https://aka.ms/storageprofile")
            { Target = "imageReference" });
        }
    }

    /// <summary>Null when the request is none of these.</summary>
    public ArmReply? Answer(ArmRequest r) =>
        r.Method == "GET" && r.Lower is ["subscriptions", _, "providers", "microsoft.compute", "locations", _, "publishers", ..]
            ? ArmReply.From(store.World.Read<ArmReply>(CallKind.ListSizes, () => List(r) is { } reply ? reply : NotThere(r)), reply => reply)
            : null;

    private ArmReply? List(ArmRequest r) => r.Segments[7..] switch
    {
        [] => Names(r, Catalogue.Select(i => i.Publisher)),
        [var p, _, _, _] => Names(r, Of(p).Select(i => i.Offer)),
        [var p, _, _, _, var o, _] => Names(r, Of(p, o).Select(i => i.Sku)),
        [var p, _, _, _, var o, _, var s, _] => Names(r, Sorted(r, Of(p, o, s).SelectMany(i => i.Versions))),
        [var p, _, _, _, var o, _, var s, _, var v] => One(r, [.. Of(p, o, s).SelectMany(i => i.Versions)], v),
        _ => null,
    };

    private static IEnumerable<(string Publisher, string Offer, string Sku, string[] Versions)> Of(string publisher, string? offer = null, string? sku = null) =>
        Catalogue.Where(i => JsonRead.Is(i.Publisher, publisher) && (offer is null || JsonRead.Is(i.Offer, offer)) && (sku is null || JsonRead.Is(i.Sku, sku)));

    // Clients that want the newest ask for one, in falling order of names.
    private static IEnumerable<string> Sorted(ArmRequest r, IEnumerable<string> versions)
    {
        var sorted = r.Query["$orderby"].ToString().Contains("desc", StringComparison.OrdinalIgnoreCase)
            ? versions.OrderDescending(StringComparer.Ordinal)
            : versions.Order(StringComparer.Ordinal);
        return int.TryParse(r.Query["$top"].ToString(), out var top) && top > 0 ? sorted.Take(top) : sorted;
    }

    private ArmReply? Names(ArmRequest r, IEnumerable<string> names)
    {
        var items = names.Distinct().Select(name => (JsonNode)new JsonObject
        {
            ["location"] = store.World.Options.Location,
            ["name"] = name,
            ["id"] = $"/{string.Join('/', r.Segments)}/{name}",
        }).ToList();
        return items.Count > 0 ? new ArmReply(200, new JsonArray([.. items])) : null;
    }

    private ArmReply? One(ArmRequest r, string[] versions, string version)
    {
        var found = JsonRead.Is(version, "latest") ? versions.LastOrDefault() : versions.FirstOrDefault(v => v == version);
        return found is null ? null : new ArmReply(200, new JsonObject
        {
            ["location"] = store.World.Options.Location,
            ["name"] = found,
            ["id"] = $"/{string.Join('/', r.Segments[..^1])}/{found}",
            ["properties"] = new JsonObject
            {
                ["hyperVGeneration"] = r.Segments[13].Contains("gen2", StringComparison.OrdinalIgnoreCase) ? "V2" : "V1",
                ["architecture"] = r.Segments[13].Contains("arm64", StringComparison.OrdinalIgnoreCase) ? "Arm64" : "x64",
                ["osDiskImage"] = new JsonObject { ["operatingSystem"] = "Linux", ["sizeInGb"] = 31 },
                ["dataDiskImages"] = new JsonArray(),
                ["automaticOSUpgradeProperties"] = new JsonObject { ["automaticOSUpgradeSupported"] = false },
            },
        });
    }

    private static CloudError NotThere(ArmRequest r) => new(404, "NotFound", $"Artifact: VMImage was not found: {string.Join('/', r.Segments[7..])}.");
}
