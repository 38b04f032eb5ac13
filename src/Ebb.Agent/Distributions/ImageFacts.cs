using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Agent.Distributions;

/// <summary>What depends on the image that a machine was made from, and not on its cluster. Images that differ from the defaults say so in <see cref="Path"/>.</summary>
internal sealed record ImageFacts
{
    public const string Path = "/usr/lib/ebb/image.json";

    /// <summary>Who makes control groups: <c>systemd</c>, or <c>cgroupfs</c> for the kubelet itself. Default systemd.</summary>
    public string CgroupDriver { get; init => field = value ?? "systemd"; } = "systemd";

    /// <summary>What holds a pod's namespaces; null for the runtime's own choice.</summary>
    public string? PauseImage { get; init; }

    /// <summary>A directory of image archives that the machine brings along; they are imported before the kubelet starts.</summary>
    public string Images { get; init => field = value ?? "/usr/lib/ebb/images"; } = "/usr/lib/ebb/images";

    /// <summary>The machine may lower nobody's chance to be ended when memory runs out, as containers' priorities ask for.</summary>
    public bool RestrictOomScore { get; init; }

    /// <summary>As it stands in the file.</summary>
    public string Write() => JsonSerializer.Serialize(this, ImageJson.Default.ImageFacts) + "\n";

    /// <exception cref="EbbException">The file is not as it should be.</exception>
    public static ImageFacts Of(Machine machine)
    {
        if (machine.Read(Path) is not { } text)
        {
            return new ImageFacts();
        }

        try
        {
            return JsonSerializer.Deserialize(text, ImageJson.Default.ImageFacts) ?? new ImageFacts();
        }
        catch (JsonException e)
        {
            throw new EbbException($"{Path}: {e.Message}", e);
        }
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ImageFacts))]
internal sealed partial class ImageJson : JsonSerializerContext;
