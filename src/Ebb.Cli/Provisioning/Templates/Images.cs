using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.Templates;

/// <summary>The images that machines start from, by the names that the cluster's file uses.</summary>
internal static class Images
{
    /// <summary>Those that have a short name.</summary>
    public static readonly ImmutableArray<string> Short = ["ubuntu-24.04", "ubuntu-22.04", "debian-12"];

    public static JsonObject Of(ClusterFile cluster, string size, RenderInputs inputs)
    {
        var parts = PartsOf(cluster.Options.Image, inputs.TraitsOf(size).Architecture == "arm64");
        return parts.Length == 4
            ? new JsonObject { ["publisher"] = parts[0], ["offer"] = parts[1], ["sku"] = parts[2], ["version"] = parts[3] }
            : throw new EbbException($"The image '{cluster.Options.Image}' is not known. Write PUBLISHER:OFFER:SKU:VERSION in 'options.image'.");
    }

    /// <summary>Publisher, offer, sku and version.</summary>
    public static string[] PartsOf(string image, bool arm) => image switch
    {
        "ubuntu-24.04" => ["Canonical", "ubuntu-24_04-lts", arm ? "server-arm64" : "server", "latest"],
        "ubuntu-22.04" => ["Canonical", "0001-com-ubuntu-server-jammy", arm ? "22_04-lts-arm64" : "22_04-lts-gen2", "latest"],
        "debian-12" => ["Debian", "debian-12", arm ? "12-arm64" : "12-gen2", "latest"],
        var own => own.Split(':'),
    };
}
