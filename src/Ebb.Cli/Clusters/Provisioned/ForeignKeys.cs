using System.Collections.Immutable;
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
/// they were not begun with. Changes nothing, and makes no key.
/// </summary>
internal static class ForeignKeys
{
    private const int MostBytes = 1 << 16;

    // Two, since a run that was cut short leaves one of them half written.
    private static readonly ImmutableArray<string> Shown = [SystemShare.JoinAuthority, SystemShare.Pki + "server-ca.crt"];

    /// <exception cref="EbbException">The cluster was made with other keys than those that are kept here.</exception>
    public static async Task RefuseAsync(ClusterFile file, ClusterHome home, CloudAccess cloud, TimeProvider time, Random random, CancellationToken ct)
    {
        var own = Own(home);
        var shared = await SharedAsync(file, cloud, time, random, ct);
        if (shared.Count > 0 ? shared.Overlaps(own) : own.Count > 0)
        {
            return;
        }

        // Without machines nothing lives on the share's keys, and what was rotated here meanwhile is not there yet.
        var runs = await RunsAsync(file, cloud, ct);
        if (!runs && (shared.Count == 0 || KeyState.Read(home) is not { JoinAuthority: 1, Authorities: 1, Rotations.IsEmpty: true }))
        {
            return;
        }

        throw new EbbException(
            $"Cluster '{file.Name}' was made with other keys than those in '{home.Keys}'. Copy that directory here from the computer on which 'ebb up' made the cluster. "
            + "Nothing has been changed.");
    }

    private static HashSet<string> Own(ClusterHome home) => Directory.Exists(home.Keys)
        ? [.. Directory.EnumerateFiles(home.Keys, "*.crt", SearchOption.AllDirectories).SelectMany(path => HashesOf(SecretFile.Read(path) ?? ""))]
        : [];

    private static async Task<HashSet<string>> SharedAsync(ClusterFile file, CloudAccess cloud, TimeProvider time, Random random, CancellationToken ct)
    {
        var hashes = new HashSet<string>();
        try
        {
            if (await cloud.Accounts.AccessAsync(file.Cloud.StorageGroup, new ResourceNames(file, cloud.Arm.Subscription).SystemAccount, ct) is not { } access)
            {
                return hashes;
            }

            var share = new Ebb.Clouds.Azure.Deployments.FileShare(access, SystemShare.Name, cloud.Http, time, random);
            foreach (var path in Shown)
            {
                hashes.UnionWith(HashesOf(Encoding.UTF8.GetString(await share.ReadAsync(path, MostBytes, ct) ?? [])));
            }
        }
        catch (CloudException e) when (e.Status is HttpStatusCode.Forbidden)
        {
            // Which right is missing the preflight says, with all others that are.
        }

        return hashes;
    }

    /// <summary>Whether there is a control plane that was begun with the keys on the share.</summary>
    private static async Task<bool> RunsAsync(ClusterFile file, CloudAccess cloud, CancellationToken ct) =>
        await cloud.Groups.FindAsync(file.Cloud.ComputeGroup, ct) is not null
        && (await cloud.Groups.ListAsync(file.Cloud.ComputeGroup, ct)).Any(resource =>
            resource.Type.Equals("Microsoft.Compute/virtualMachines", StringComparison.OrdinalIgnoreCase)
            && resource.Tags.GetValueOrDefault(ResourceNames.ClusterTag) == file.Name
            && resource.Tags.GetValueOrDefault(ResourceNames.RoleTag) == ResourceNames.ControlPlaneRole);

    private static IEnumerable<string> HashesOf(string pem)
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
