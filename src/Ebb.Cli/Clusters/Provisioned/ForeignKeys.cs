using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Clouds;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>
/// Keeps a computer that has not a cluster's keys from giving it others: its servers would start with authorities and passwords that
/// they were not begun with. So it does with one whose copy was made before keys were rotated elsewhere: those that were given up,
/// perhaps since a thief has them, would be in force again. Changes nothing, and makes no key.
/// </summary>
internal static class ForeignKeys
{
    private const int MostBytes = 1 << 16;

    // Two, since a run that was cut short leaves one of them half written. They are rotated apart from each other, and each has what was
    // before and what comes in one file meanwhile: whose keys are the cluster's knows one of each.
    private static readonly ImmutableArray<string> Shown = [SystemShare.JoinAuthority, SystemShare.Pki + "server-ca.crt"];

    /// <exception cref="EbbException">The cluster has other keys than those that are kept here.</exception>
    public static async Task RefuseAsync(ClusterFile file, ClusterHome home, CloudAccess cloud, TimeProvider time, Random random, CancellationToken ct)
    {
        var own = Own(home);
        var state = KeyState.Read(home);
        var (shared, changes) = await SharedAsync(file, cloud, time, random, ct);
        var known = shared.Count(authorities => authorities.Any(own.Contains));
        var outdated = known > 0 && changes > state.Changes;
        if (!outdated && known == shared.Length && own.Count > 0)
        {
            return;
        }

        // Without machines nothing lives on the share's keys, and what was rotated here meanwhile is not there yet.
        var runs = await RunsAsync(file, cloud, ct);
        if (!outdated && !runs && (shared.IsEmpty || state is not { JoinAuthority: 1, Authorities: 1, Rotations.IsEmpty: true }))
        {
            return;
        }

        throw new EbbException(
            (known > 0
                ? $"The keys of cluster '{file.Name}' in '{home.Keys}' are outdated: since they came here, keys were rotated on another computer. Copy that directory here again from there. "
                : $"Cluster '{file.Name}' has other keys than those in '{home.Keys}'. Copy that directory here from the computer on which {(changes > 0 ? "they were last rotated" : "'ebb up' made the cluster")}. "
                    + $"If it is lost: {(runs ? "'ebb down --keep-storage'; " : "")}'az storage share-rm delete -g {file.Cloud.StorageGroup} --storage-account {new ResourceNames(file, cloud.Arm.Subscription).SystemAccount} -n {SystemShare.Name}'; "
                    + "then 'ebb up' makes the cluster anew beside the data on its shares. ")
            + "Nothing has been changed.");
    }

    private static HashSet<string> Own(ClusterHome home) => Directory.Exists(home.Keys)
        ? [.. Directory.EnumerateFiles(home.Keys, "*.crt", SearchOption.AllDirectories).SelectMany(path => HashesOf(SecretFile.Read(path) ?? ""))]
        : [];

    /// <returns>The certificates of each file that has any; and how often keys had been changed when they were copied there.</returns>
    private static async Task<(ImmutableArray<ImmutableArray<string>> Authorities, int Changes)> SharedAsync(
        ClusterFile file, CloudAccess cloud, TimeProvider time, Random random, CancellationToken ct)
    {
        try
        {
            if (await cloud.Accounts.AccessAsync(file.Cloud.StorageGroup, new ResourceNames(file, cloud.Arm.Subscription).SystemAccount, ct) is not { } access)
            {
                return ([], 0);
            }

            var share = new Ebb.Clouds.Azure.Deployments.FileShare(access, SystemShare.Name, cloud.Http, time, random);
            var authorities = ImmutableArray.CreateBuilder<ImmutableArray<string>>();
            foreach (var path in Shown)
            {
                if (HashesOf(await TextAsync(share, path, ct)) is { IsEmpty: false } hashes)
                {
                    authorities.Add(hashes);
                }
            }

            // Where it is missing or half written, an earlier Ebb, or a run that was cut short, put the keys there.
            return (authorities.ToImmutable(), int.TryParse(await TextAsync(share, SystemShare.KeyChanges, ct), NumberStyles.None, CultureInfo.InvariantCulture, out var changes) ? changes : 0);
        }
        catch (CloudException e) when (e.Status is HttpStatusCode.Forbidden)
        {
            // Which right is missing the preflight says, with all others that are.
            return ([], 0);
        }
    }

    private static async Task<string> TextAsync(Ebb.Clouds.Azure.Deployments.FileShare share, string path, CancellationToken ct) =>
        Encoding.UTF8.GetString(await share.ReadAsync(path, MostBytes, ct) ?? []).TrimEnd();

    /// <summary>Whether there is a control plane that was begun with the keys on the share.</summary>
    private static async Task<bool> RunsAsync(ClusterFile file, CloudAccess cloud, CancellationToken ct) =>
        await cloud.Groups.FindAsync(file.Cloud.ComputeGroup, ct) is not null
        && (await cloud.Groups.ListAsync(file.Cloud.ComputeGroup, ct)).Any(resource =>
            resource.Type.Equals("Microsoft.Compute/virtualMachines", StringComparison.OrdinalIgnoreCase)
            && resource.Tags.GetValueOrDefault(ResourceNames.ClusterTag) == file.Name
            && resource.Tags.GetValueOrDefault(ResourceNames.RoleTag) == ResourceNames.ControlPlaneRole);

    private static ImmutableArray<string> HashesOf(string pem)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
            return [.. certificates.Select(certificate => certificate.GetCertHashString(HashAlgorithmName.SHA256))];
        }
        catch (CryptographicException)
        {
            // Damaged: it shows nothing.
            return [];
        }
        finally
        {
            foreach (var certificate in certificates)
            {
                certificate.Dispose();
            }
        }
    }
}
