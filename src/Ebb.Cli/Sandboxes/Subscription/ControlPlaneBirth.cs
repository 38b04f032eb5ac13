using System.Collections.Immutable;
using System.Text.Json;
using Ebb.Cli.Provisioning;
using Ebb.Sandbox.Azure;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>The part of a control-plane machine's configuration that says what it takes from where, and which k3s it installs.</summary>
/// <param name="Release">Of k3s, as whoever installs it finds it; null where it has none.</param>
internal sealed record ControlPlaneBirth(string StorageGroup, string SystemAccount, string Share, ImmutableArray<ControlPlaneFile> Files, string? Release)
{
    public const string Path = "/etc/ebb/control-plane.json";

    /// <summary>Null where k3s' own configuration says them.</summary>
    public KubernetesRanges? Ranges { get; init; }

    /// <summary>What machines of pools mount; null where there is nothing.</summary>
    public ControlPlaneShares? Shares { get; init; }

    /// <summary>The commands of k3s with which keys are exchanged; null for none.</summary>
    public ControlPlaneRotation? Rotation { get; init; }

    /// <summary>The directory that the cluster's authorities go to.</summary>
    public string AuthoritiesAt =>
        Files.Where(file => file.From == SystemShare.Pki + "server-ca.crt").Select(file => System.IO.Path.GetDirectoryName(file.To)).FirstOrDefault()
        ?? throw new EbbException($"{Path} names no authority of the cluster.");

    public static ControlPlaneBirth Read(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        return Read(document.RootElement);
    }

    public static ControlPlaneBirth Read(JsonElement root) => new(
        Text(root, "storageGroup"),
        Text(root, "systemAccount"),
        Text(root, "share"),
        [.. root.GetProperty("files").EnumerateArray().Select(f => new ControlPlaneFile(
            Text(f, "from"), Text(f, "to"), f.TryGetProperty("sha256", out var hash) ? hash.GetString() : null)
        {
            Restarts = RestartsOf(f),
            Once = f.TryGetProperty("once", out var once) && once.GetBoolean(),
        })],
        root.TryGetProperty("k3s", out var k3s) ? ReleaseOf(k3s) : null)
    {
        Rotation = k3s.ValueKind is JsonValueKind.Object && k3s.TryGetProperty("rotate", out var id)
            ? new ControlPlaneRotation(id.GetString()!, k3s.TryGetProperty("on", out var on) ? on.GetString() : null, CommandsOf(k3s))
            : null,
        Ranges = root.TryGetProperty("kubernetes", out var kubernetes) ? new KubernetesRanges(Text(kubernetes, "podRange"), Text(kubernetes, "serviceRange")) : null,
        Shares = root.TryGetProperty("mounts", out var mounts) && mounts.GetArrayLength() > 0
            ? new ControlPlaneShares(
                Text(root, "storageAccount"),
                Text(root, "shareHost"),
                root.TryGetProperty("sharesKey", out var key) ? key.GetString()! : "key1",
                [.. mounts.EnumerateArray().Select(mount => (Text(mount, "share"), Text(mount, "at")))])
            : null,
    };

    /// <summary>What has to be started anew when a file changes, as the machine is told with it.</summary>
    public static ImmutableArray<string> RestartsOf(JsonElement file) =>
        file.TryGetProperty("restarts", out var restarts) ? [.. restarts.EnumerateArray().Select(r => r.GetString()!)] : [];

    private static ImmutableArray<string> CommandsOf(JsonElement k3s) => k3s.TryGetProperty("commands", out var commands)
        ? [.. commands.EnumerateArray().Select(command => string.Join(' ', command.EnumerateArray().Select(word => word.GetString())))]
        : [];

    private static string ReleaseOf(JsonElement k3s)
    {
        if (k3s.TryGetProperty("release", out var release) && release.GetString() is { Length: > 0 } told)
        {
            return told;
        }

        // As the installer is called; without a word it takes the stable channel.
        var environment = k3s.GetProperty("environment");
        return environment.TryGetProperty("INSTALL_K3S_VERSION", out var version) ? version.GetString()!
            : environment.TryGetProperty("INSTALL_K3S_CHANNEL", out var channel) ? K3sChannels.Latest(channel.GetString()!) ?? channel.GetString()!
            : K3sChannels.Stable;
    }

    private static string Text(JsonElement element, string name) =>
        element.GetProperty(name).GetString() ?? throw new JsonException($"'{name}' is null in {Path}.");
}

/// <param name="On">The machine that runs <paramref name="Commands"/>; null: each does.</param>
internal sealed record ControlPlaneRotation(string Id, string? On, ImmutableArray<string> Commands)
{
    private const string ReplaceAuthorities = "k3s certificate rotate-ca --path ";

    /// <summary>The directory of authorities that this machine is to put into the cluster's store; null for none.</summary>
    public string? AuthoritiesFor(string machine) => On is null || On.Equals(machine, StringComparison.OrdinalIgnoreCase)
        ? Commands.FirstOrDefault(command => command.StartsWith(ReplaceAuthorities, StringComparison.Ordinal))?[ReplaceAuthorities.Length..]
        : null;
}

/// <param name="Key">The name of the account's key to mount with.</param>
internal sealed record ControlPlaneShares(string Account, string Host, string Key, ImmutableArray<(string Share, string At)> Mounts);

/// <param name="From">In the share.</param>
/// <param name="To">On the machine.</param>
internal sealed record ControlPlaneFile(string From, string To, string? Sha256)
{
    public ImmutableArray<string> Restarts { get; init; } = [];

    /// <summary>Taken where it is not there yet, and never replaced.</summary>
    public bool Once { get; init; }
}
