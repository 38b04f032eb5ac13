using System.Collections.Immutable;
using System.Text.Json;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>The part of a control-plane machine's configuration that says what it takes from where.</summary>
internal sealed record ControlPlaneBirth(string StorageGroup, string SystemAccount, string Share, ImmutableArray<ControlPlaneFile> Files)
{
    public const string Path = "/etc/ebb/control-plane.json";

    public static ControlPlaneBirth Read(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        return new ControlPlaneBirth(
            Text(root, "storageGroup"),
            Text(root, "systemAccount"),
            Text(root, "share"),
            [.. root.GetProperty("files").EnumerateArray().Select(f => new ControlPlaneFile(
                Text(f, "from"), Text(f, "to"), f.TryGetProperty("sha256", out var hash) ? hash.GetString() : null))]);
    }

    private static string Text(JsonElement element, string name) =>
        element.GetProperty(name).GetString() ?? throw new JsonException($"'{name}' is null in {Path}.");
}

/// <param name="From">In the share.</param>
/// <param name="To">On the machine.</param>
internal sealed record ControlPlaneFile(string From, string To, string? Sha256);
