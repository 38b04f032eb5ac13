using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>What a control-plane machine has on its disk: a directory, which outlives a restart and goes with the machine or a reimage.</summary>
internal sealed class ControlPlaneDisk(string root)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private string Note => At("/var/lib/ebb/installed.json");

    /// <summary>What became of the machine so far; null: it has just been born.</summary>
    public ControlPlaneInstalled? Installed
    {
        get => SecretFile.Read(Note) is { } text ? JsonSerializer.Deserialize(text, InstalledJson.Default.ControlPlaneInstalled) : null;
        set
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Note)!, OwnerOnly | UnixFileMode.UserExecute);
            SecretFile.Write(Note, JsonSerializer.Serialize(value!, InstalledJson.Default.ControlPlaneInstalled));
        }
    }

    public string At(string path) => Path.Combine(root, path.TrimStart('/'));

    /// <summary>SHA-256 of a file, in hexadecimal; null when there is none.</summary>
    public async Task<string?> HashAsync(string path, CancellationToken ct)
    {
        if (!File.Exists(At(path)))
        {
            return null;
        }

        await using var file = File.OpenRead(At(path));
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, ct));
    }

    public async Task WriteAsync(string path, byte[] content, CancellationToken ct)
    {
        var to = At(path);
        Directory.CreateDirectory(Path.GetDirectoryName(to)!, OwnerOnly | UnixFileMode.UserExecute);
        await using var written = new FileStream(to, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly });
        await written.WriteAsync(content, ct);
    }

    public void Delete(string path)
    {
        if (File.Exists(At(path)))
        {
            File.Delete(At(path));
        }
    }

    public void Wipe()
    {
        if (Directory.Exists(root))
        {
            Directory.Delete(root, recursive: true);
        }
    }
}

/// <summary>What a machine is and last did.</summary>
/// <param name="Release">Of k3s, which runs on it; null: it runs none.</param>
/// <param name="Generation">Of the orders that it last worked on; empty where it was born without any.</param>
internal sealed record ControlPlaneInstalled(string? Release, string Generation, int Attempt, ControlPlanePhase Phase, string? Why)
{
    /// <summary>The exchange of keys that it last carried out, or was given the outcome of.</summary>
    public string? Rotated { get; init; }
}

[JsonSerializable(typeof(ControlPlaneInstalled))]
internal sealed partial class InstalledJson : JsonSerializerContext;
