using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Clouds;

namespace Ebb.Cli.Clusters.Provisioned.Rotating;

/// <summary>One key or certificate of a cluster, and nothing that is secret of it.</summary>
/// <param name="For">What it opens, or vouches for.</param>
/// <param name="Where">A file of this machine; or the place in the cloud.</param>
/// <param name="Until">Null where it does not end by itself, or cannot be read.</param>
/// <param name="Rotation">By what name it is rotated; null where it is not.</param>
internal sealed record KeyEntry(string Name, string For, string Where, DateTimeOffset? Since, DateTimeOffset? Until, string? Rotation);

/// <summary>Every key and certificate of a cluster.</summary>
internal static class KeyList
{
    /// <summary>What lies on this machine.</summary>
    public static ImmutableArray<KeyEntry> OnDisk(ClusterFile file, ClusterHome home)
    {
        var entries = ImmutableArray.CreateBuilder<KeyEntry>();
        if (file.Access.SshKeyFile is { } own)
        {
            entries.Add(new("ssh", "logging in to machines: yours, named by access.sshKeyFile", own, null, null, null));
        }
        else
        {
            Add("ssh", "logging in to machines", Path.Combine(home.Keys, "ssh"), RotationKind.Ssh);
            Add("ssh.previous", "logging in to machines that know only this one", Path.Combine(home.Keys, "ssh.previous"), RotationKind.Ssh);
        }

        var pki = Path.Combine(home.Keys, "pki");
        if (Directory.Exists(pki))
        {
            foreach (var path in Directory.EnumerateFiles(pki, "*.crt", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                var name = Path.GetRelativePath(pki, path)[..^".crt".Length];
                var (since, until) = SpanOf(path);
                entries.Add(new(name, PurposeOf(name), path, since, until, RotationOf(name)));
            }
        }

        foreach (var path in Directory.Exists(pki) ? Directory.GetFiles(pki, "sa*.key").Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
        {
            Add(Path.GetFileNameWithoutExtension(path).Replace("sa", "service-accounts", StringComparison.Ordinal), "signing the tokens of service accounts", path, ClusterAuthorities.What);
        }

        Add("server-token", "joining the control plane, and opening k3s' stored keys", Path.Combine(home.Keys, "server-token"), RotationKind.Passwords);
        Add("server-token.previous", "servers that do not know the new one yet", Path.Combine(home.Keys, "server-token.previous"), RotationKind.Passwords);
        Add("agent-token", "joining pools of releases without single-use tokens", Path.Combine(home.Keys, "agent-token"), RotationKind.Passwords);
        return entries.ToImmutable();

        void Add(string name, string purpose, string path, string? rotation)
        {
            if (File.Exists(path))
            {
                entries.Add(new(name, purpose, path, new DateTimeOffset(File.GetLastWriteTimeUtc(path), TimeSpan.Zero), null, rotation));
            }
        }
    }

    /// <summary>What the cloud keeps.</summary>
    /// <exception cref="CloudException">It does not say.</exception>
    public static async Task<ImmutableArray<KeyEntry>> InCloudAsync(ClusterFile file, CloudAccess cloud, KeyState state, CancellationToken ct)
    {
        var names = new ResourceNames(file, cloud.Arm.Subscription);
        var entries = ImmutableArray.CreateBuilder<KeyEntry>();
        foreach (var (account, inUse, purpose) in new[]
        {
            (names.StorageAccount, state.SharesKey, "mounting shares"),
            (names.SystemAccount, RenderInputs.FirstKey, "what the control plane takes from its own share"),
        })
        {
            foreach (var key in await cloud.Accounts.KeysAsync(file.Cloud.StorageGroup, account, ct) ?? [])
            {
                entries.Add(new($"{account}/{key.Name}", key.Name == inUse ? purpose : "spare", $"storage account {account}", key.CreatedAt, null, RotationKind.Storage));
            }
        }

        return entries.ToImmutable();
    }

    private static (DateTimeOffset? Since, DateTimeOffset? Until) SpanOf(string path)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(SecretFile.Read(path));
            return (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        }
        catch (CryptographicException)
        {
            return (null, null);
        }
    }

    private static string PurposeOf(string name) => name switch
    {
        "operator" => "you, who may do everything in Kubernetes",
        "controller" => "Ebb's controller and join server, in Kubernetes",
        "join-server" => "join servers, to machines",
        _ when name.EndsWith("-root", StringComparison.Ordinal) => "vouches for the authority of its name; signs nothing else",
        _ when name.EndsWith("-cross", StringComparison.Ordinal) && RotationOf(name) == ClusterAuthorities.What => "vouches for the new authority of its name, in the old one's",
        _ when name.StartsWith("server-ca", StringComparison.Ordinal) => "vouches for the API servers",
        _ when name.StartsWith("client-ca", StringComparison.Ordinal) => "vouches for Kubernetes' users and nodes",
        _ when name.StartsWith("request-header-ca", StringComparison.Ordinal) => "vouches for who speaks in users' names to aggregated APIs",
        _ when name.StartsWith("etcd/", StringComparison.Ordinal) => "vouches for the members of the store",
        _ when name.EndsWith("-cross", StringComparison.Ordinal) => "vouches for the new authority of join servers, in the old one's name",
        _ when name.StartsWith("join-ca", StringComparison.Ordinal) => "vouches for join servers; machines know its hash",
        _ => "",
    };

    /// <param name="name">Of a file among the keys, without its ending.</param>
    public static string? RotationOf(string name) => name switch
    {
        "operator" or "controller" or "join-server" => ClusterKeys.Certificates,
        _ when name.StartsWith("join-ca", StringComparison.Ordinal) => JoinAuthorities.What,
        _ when ClusterAuthorities.IsOne(name) => ClusterAuthorities.What,
        _ => null,
    };
}
