using System.Text.Json;
using System.Text.Json.Serialization;
using Ebb.Joining;

namespace Ebb.Agent;

/// <summary>Mounts shares. What is mounted already stays; keys are in files of their own, never on a command line.</summary>
internal sealed class Mounts(Machine machine)
{
    private const string Credentials = "/etc/ebb/mounts";
    private const string Kept = Credentials + "/mounts.json";
    private const string Mounted = "/proc/self/mountinfo";

    /// <summary>Mounts these, at this boot and the next.</summary>
    /// <exception cref="CommandException">A share could not be mounted.</exception>
    public async Task MountAsync(IReadOnlyList<Mount> mounts, CancellationToken ct)
    {
        machine.Write(Kept, JsonSerializer.Serialize(mounts, MountJson.Default.IReadOnlyListMount), Machine.Secret);
        foreach (var mount in mounts)
        {
            var credentials = Store(mount);
            if (IsMounted(mount.At))
            {
                continue;
            }

            machine.CreateDirectory(mount.At);
            var (kind, source, options) = mount.Kind switch
            {
                "nfs" => ("nfs", $"{mount.Host}:/{mount.Share}", "vers=4,minorversion=1,sec=sys,noresvport,_netdev"),
                _ => ("cifs", $"//{mount.Host}/{mount.Share}", $"credentials={credentials},vers=3.1.1,serverino,nosharesock,mfsymlinks,actimeo=30,dir_mode=0777,file_mode=0777,_netdev"),
            };
            if (!string.IsNullOrEmpty(mount.Options))
            {
                options += "," + mount.Options;
            }

            await machine.RunAsync("mount", ct, "-t", kind, "-o", options, source, mount.At);
        }
    }

    /// <summary>Mounts what was mounted before.</summary>
    /// <exception cref="CommandException">A share could not be mounted.</exception>
    public async Task MountAgainAsync(CancellationToken ct)
    {
        if (machine.Read(Kept) is { } text && JsonSerializer.Deserialize(text, MountJson.Default.IReadOnlyListMount) is { } mounts)
        {
            await MountAsync(mounts, ct);
        }
    }

    private string Store(Mount mount)
    {
        var file = $"{Credentials}/{mount.Host}-{mount.Share.Replace('/', '-')}.credentials";
        if (mount is { User: { } user, Key: { } key })
        {
            machine.Write(file, $"username={user}\npassword={key}\n", Machine.Secret);
        }

        return file;
    }

    // The fifth field of a line is where; blanks in it are written as \040.
    private bool IsMounted(string at) =>
        (machine.Read(Mounted) ?? "").Split('\n').Any(line => line.Split(' ') is [_, _, _, _, var where, ..] && where == at.Replace(" ", "\\040", StringComparison.Ordinal));
}

[JsonSerializable(typeof(IReadOnlyList<Mount>))]
internal sealed partial class MountJson : JsonSerializerContext;
