using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ebb.Cli.ControlPlane.Pki;

namespace Ebb.Cli.Clusters.Provisioned.Rotating;

/// <summary>
/// Which of a cluster's keys are in force, and which are on their way. Written in one stroke beside the keys: what is made, handed out and
/// believed follows from it, so that whatever ends a command in the middle, the next one carries on.
/// </summary>
internal sealed record KeyState
{
    /// <summary>The join server's authority in force, counted from 1.</summary>
    public int JoinAuthority { get; init; } = 1;

    /// <summary>Kubernetes' own authorities in force, counted from 1.</summary>
    public int Authorities { get; init; } = 1;

    /// <summary>The key of the shares' account with which machines mount.</summary>
    public string SharesKey { get; init; } = "key1";

    /// <summary>What k3s' servers were last to carry out for a rotation, each once. Null for nothing.</summary>
    public K3sOrder? K3s { get; init; }

    /// <summary>By what is rotated: those begun and not finished.</summary>
    public ImmutableSortedDictionary<string, Rotation> Rotations { get; init; } = NoRotations;

    /// <summary>
    /// How often this was written. Lies on the cluster's share too: a copy that has fewer was made before keys that the cluster has by
    /// now, whichever of them they are.
    /// </summary>
    public int Changes { get; init; }

    /// <inheritdoc cref="Provisioning.RenderInputs.StagesAuthorities"/>
    [JsonIgnore]
    public bool StagesAuthorities => Authorities > 1 || PhaseOf(ClusterAuthorities.What) is not null;

    public static ImmutableSortedDictionary<string, Rotation> NoRotations { get; } = ImmutableSortedDictionary.Create<string, Rotation>(StringComparer.Ordinal);

    /// <exception cref="EbbException">There is one, and it cannot be read.</exception>
    public static KeyState Read(ClusterHome home)
    {
        var path = PathOf(home);
        if (SecretFile.Read(path) is not { } text)
        {
            return new KeyState();
        }

        try
        {
            var state = JsonSerializer.Deserialize(text, KeyStateJson.Default.KeyState);
            return state is { JoinAuthority: >= 1, Authorities: >= 1, Changes: >= 0, SharesKey: "key1" or "key2", Rotations: not null }
                ? state
                : throw new EbbException($"'{path}' says nothing about keys. Restore it from a backup of this directory.");
        }
        catch (JsonException e)
        {
            throw new EbbException($"'{path}' cannot be read: line {e.LineNumber + 1}, at {e.Path}. Restore it from a backup of this directory.", e);
        }
    }

    public void Write(ClusterHome home) => SecretFile.Write(PathOf(home), JsonSerializer.Serialize(this with { Changes = Changes + 1 }, KeyStateJson.Default.KeyState) + "\n");

    /// <summary>Where the rotation of this is; null where none is under way.</summary>
    public string? PhaseOf(string what) => Rotations.GetValueOrDefault(what)?.Phase;

    public KeyState At(string what, string phase) =>
        this with { Rotations = Rotations.SetItem(what, Rotations.TryGetValue(what, out var begun) ? begun with { Phase = phase } : throw new InvalidOperationException($"No rotation of {what} is under way.")) };

    /// <summary>What servers carry out in this rotation's phase; as it is where that is nothing.</summary>
    public KeyState WithK3s(string what) => Rotations.GetValueOrDefault(what) is not { } rotation ? this
        : what is ClusterKeys.Certificates or RotationKind.Passwords ? this with { K3s = new K3sOrder(IdOf(what), what) }
        : what is ClusterAuthorities.What && rotation.Phase is not ClusterAuthorities.Waiting
            ? this with { K3s = new K3sOrder($"{IdOf(what)}-{rotation.Phase}", what) { Phase = rotation.Phase } }
        : this;

    private string IdOf(string what) => $"{what}-{Rotations[what].Begun.ToUnixTimeSeconds()}";

    private static string PathOf(ClusterHome home) => Path.Combine(home.Keys, "state.json");
}

/// <param name="Id">Another one for each rotation.</param>
/// <param name="What">The rotation's name.</param>
internal sealed record K3sOrder(string Id, string What)
{
    /// <summary>Of a rotation that has servers carry out something more than once; else null.</summary>
    public string? Phase { get; init; }
}

/// <param name="Begun">In whole seconds, as certificates have it.</param>
/// <param name="Phase">What is to be done next, or was interrupted.</param>
internal sealed record Rotation(DateTimeOffset Begun, string Phase);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(KeyState))]
internal sealed partial class KeyStateJson : JsonSerializerContext;
