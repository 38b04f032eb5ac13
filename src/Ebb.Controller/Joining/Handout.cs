using System.Text.Json;
using System.Text.Json.Serialization;
using Ebb.Joining;

namespace Ebb.Controller.Joining;

/// <summary>What every admitted machine gets besides a token. Its file holds secrets and is to be readable by its owner only.</summary>
public sealed record Handout
{
    public IReadOnlyList<Mount> Mounts { get; init => field = value ?? []; } = [];

    public string? TailscaleKey { get; init; }

    /// <summary>Not a word of what is secret.</summary>
    public override string ToString() => $"{nameof(Handout)} of {Mounts.Count} mounts";

    /// <summary>Of a file that may come, change and go.</summary>
    /// <exception cref="EbbException">It cannot be used.</exception>
    internal static Handout Read(string path)
    {
        if (!File.Exists(path))
        {
            return new Handout();
        }

        const UnixFileMode Others =
            UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if ((File.GetUnixFileMode(path) & Others) != 0)
        {
            throw new EbbException($"'{path}' holds secrets, and others than its owner may read it. Run: chmod 600 {path}");
        }

        try
        {
            return JsonSerializer.Deserialize(Pem.Read(path), HandoutJson.Default.Handout) ?? new Handout();
        }
        catch (JsonException e)
        {
            throw new EbbException($"'{path}' is no handout: line {e.LineNumber + 1}, at {e.Path}. Write {{\"mounts\": [...], \"tailscaleKey\": \"...\"}}.", e);
        }
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectNullableAnnotations = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(Handout))]
internal sealed partial class HandoutJson : JsonSerializerContext;
