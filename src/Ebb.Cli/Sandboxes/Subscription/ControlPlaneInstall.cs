using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Clouds;
using Ebb.Sandbox.Azure;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>Brings what lies on a control-plane machine's disk to what it is told; what is as told already stays.</summary>
internal sealed class ControlPlaneInstall(ControlPlaneDisk disk, ControlPlaneShare share)
{
    private const string Program = "/usr/local/bin/ebb";

    private const string K3s = "/usr/local/bin/k3s";

    public const string Handout = "/etc/ebb/join/handout.json";

    /// <returns>What has to be started anew, by the words in <see cref="Provisioning.Orders.Restart"/>.</returns>
    public async Task<ImmutableHashSet<string>> FilesAsync(ControlPlaneBirth told, CancellationToken ct)
    {
        var restarts = ImmutableHashSet<string>.Empty;
        foreach (var file in told.Files)
        {
            // What runs here runs in place of the program: which one it is to be is all that is kept of it.
            if (file.To == Program ? await MarkAsync(file, ct) : await FetchAsync(file, ct))
            {
                restarts = restarts.Union(file.Restarts);
            }
        }

        return restarts;
    }

    /// <inheritdoc cref="FilesAsync"/>
    public async Task<ImmutableHashSet<string>> TextsAsync(ControlPlaneWanted wanted, CancellationToken ct)
    {
        var restarts = ImmutableHashSet<string>.Empty;
        foreach (var text in wanted.Texts)
        {
            var content = Encoding.UTF8.GetBytes(text.Content);
            if (await disk.HashAsync(text.To, ct) != Hash(content))
            {
                await disk.WriteAsync(text.To, content, ct);
                restarts = restarts.Union(text.Restarts);
            }
        }

        foreach (var path in wanted.Absent)
        {
            disk.Delete(path);
        }

        return restarts;
    }

    /// <summary>What machines that join are given to mount; a join server that runs takes it up by itself.</summary>
    public async Task HandoutAsync(ControlPlaneBirth told, CancellationToken ct)
    {
        if (told.Shares is not { } shares)
        {
            disk.Delete(Handout);
            return;
        }

        var key = await share.SharesKeyAsync(shares, ct);
        var mounts = new JsonArray([.. shares.Mounts.Select(mount => (JsonNode)new JsonObject
        {
            ["kind"] = "cifs",
            ["host"] = shares.Host,
            ["share"] = mount.Share,
            ["at"] = mount.At,
            ["user"] = shares.Account,
            ["key"] = key,
        })]);
        await disk.WriteAsync(Handout, Encoding.UTF8.GetBytes(new JsonObject { ["mounts"] = mounts }.ToJsonString()), ct);
    }

    /// <exception cref="EbbException">There is no such release to install.</exception>
    public static void RequireRelease(ControlPlaneBirth told)
    {
        if (told.Release is { } release && !K3sChannels.Has(release) && !told.Files.Any(file => file.To == K3s))
        {
            throw new EbbException($"k3s' installer ended with 22: there is no release '{release}' to download.");
        }
    }

    /// <summary>SHA-256 of the program that the machine was last told to run; empty before that.</summary>
    public string ProgramHash => File.Exists(disk.At(Program)) ? File.ReadAllText(disk.At(Program)) : "";

    private async Task<bool> MarkAsync(ControlPlaneFile file, CancellationToken ct)
    {
        var wanted = file.Sha256 ?? "";
        var changed = ProgramHash != wanted;
        if (changed)
        {
            await disk.WriteAsync(Program, Encoding.UTF8.GetBytes(wanted), ct);
        }

        return changed;
    }

    private async Task<bool> FetchAsync(ControlPlaneFile file, CancellationToken ct)
    {
        var before = await disk.HashAsync(file.To, ct);
        if (before is not null && (file.Once || before == file.Sha256))
        {
            return false;
        }

        var content = await share.FileAsync(file.From, ct) ?? throw new CloudException($"'{file.From}' is not on share '{share.Name}' yet.");
        var hash = Hash(content);
        if (file.Sha256 is { } wanted && hash != wanted)
        {
            throw new CloudException($"'{file.From}' of share '{share.Name}' is not what the machine was told to take: its hash differs.");
        }

        if (hash == before)
        {
            return false;
        }

        await disk.WriteAsync(file.To, content, ct);
        return true;
    }

    private static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
