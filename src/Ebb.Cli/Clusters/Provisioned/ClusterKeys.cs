using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.ControlPlane.Access;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Provisioning;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>
/// The keys of one cluster, made on the operator's machine so that what they vouch for is known beforehand, and kept there: the
/// authorities in k3s' sense, the join server's authority and certificate, the passwords of servers and agents.
/// </summary>
internal sealed class ClusterKeys(ClusterHome home, TimeProvider time)
{
    private const string Previous = ".previous";

    private const string JoinServer = "join-server";

    private const string Operator = "operator";

    private const string Controller = "controller";

    // A certificate that ends sooner is made anew whenever the cluster is looked after.
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(60);

    // Of what runs without anybody by: a cluster that is left alone works on, and has said for two months that it needs somebody.
    private static readonly TimeSpan LivesAlone = TimeSpan.FromDays(3 * 365);

    /// <summary>What <c>certificates</c> names: all that the authorities have signed.</summary>
    public const string Certificates = "certificates";

    private readonly PkiFiles _files = new(home.Keys);

    private JoinAuthorities Join => new(home, _files, time);

    private ClusterAuthorities Kubernetes => new(home, _files, time);

    /// <summary>The join server's authority, whose hash machines are given.</summary>
    public string JoinAuthorityPem => Join.PinnedPem;

    /// <summary>By what the API servers are believed: one authority or, while it is changed, both.</summary>
    public string ServerAuthorityPem => Kubernetes.ServerPem;

    /// <summary>Makes what is missing, and anew what is about to end. What exists is never replaced otherwise.</summary>
    /// <param name="hosts">Names and addresses under which machines reach the join server.</param>
    public void Ensure(string cluster, IEnumerable<string> hosts)
    {
        _files.CreateDirectories();
        Kubernetes.Ensure(cluster);
        using var join = Join.Ensure(cluster);
        var server = new CertificateSpec { Name = JoinServer, Authority = "join-ca", CommonName = $"{cluster}-join-server", Server = true, Lifetime = LivesAlone }.WithHosts(hosts);
        EnsureIssued(server, join);
        using var clients = Kubernetes.LoadClients();
        EnsureIssued(
            new CertificateSpec { Name = Operator, Authority = "client-ca", CommonName = "ebb-operator", Organizations = ["system:masters"], Client = true },
            clients);
        EnsureIssued(
            new CertificateSpec { Name = Controller, Authority = "client-ca", CommonName = EbbRole.User, Client = true, Lifetime = LivesAlone },
            clients);
        foreach (var password in Passwords)
        {
            if (SecretFile.Read(password) is null)
            {
                SecretFile.Write(password, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)) + "\n");
            }
        }
    }

    /// <summary>What of it lies on the cluster's own share.</summary>
    public IEnumerable<ShareFile> Shared()
    {
        foreach (var authority in Kubernetes.Shared())
        {
            yield return authority;
        }

        yield return ShareFile.OfText(SystemShare.JoinAuthority, Join.BundlePem);
        yield return ShareFile.OfText(SystemShare.JoinCertificate, Read(_files.Certificate(JoinServer)) + Join.BetweenPem);
        yield return ShareFile.OfText(SystemShare.JoinKey, Read(_files.Key(JoinServer)));
        yield return ShareFile.OfText(SystemShare.ControllerKubeconfig, ControllerKubeconfig());
        yield return ShareFile.OfText(SystemShare.ServerToken, Read(ServerTokenFile));
        yield return ShareFile.OfText(SystemShare.AgentToken, Read(AgentTokenFile));
        yield return ShareFile.OfText(SystemShare.KeyChanges, string.Create(CultureInfo.InvariantCulture, $"{KeyState.Read(home).Changes}\n"));
    }

    /// <summary>A kubeconfig for whoever runs Ebb, who may do everything.</summary>
    /// <param name="server">Where the API answers.</param>
    /// <param name="serverName">The name in its certificate, where that is not the host that is called; else null.</param>
    public string Kubeconfig(string cluster, Uri server, string? serverName) => new KubeconfigFile(
        cluster,
        "operator",
        server,
        ServerAuthorityPem,
        Client(Operator))
    {
        ServerName = serverName,
    }.Write();

    /// <summary>For the controller, on a machine that runs an API server: the role that it needs, and nothing else.</summary>
    private string ControllerKubeconfig() => new KubeconfigFile(
        "cluster",
        EbbRole.User,
        new UriBuilder(Uri.UriSchemeHttps, "127.0.0.1", ResourceNames.ApiPort).Uri,
        ServerAuthorityPem,
        Client(Controller)).Write();

    private IssuedCertificate Client(string name) => new(Read(_files.Certificate(name)) + Kubernetes.BetweenClientsPem, Read(_files.Key(name)));

    /// <summary>Puts the passwords aside for others to be made in their place; done twice it is as done once.</summary>
    public void ReplacePasswords()
    {
        foreach (var password in Passwords.Where(password => !File.Exists(password + Previous) && File.Exists(password)))
        {
            File.Move(password, password + Previous);
        }
    }

    /// <summary>Whether the servers' password is put aside, and whatever lies in its place is another.</summary>
    public bool HasPreviousPassword => File.Exists(ServerTokenFile + Previous);

    /// <summary>Removes those before.</summary>
    public void ForgetPreviousPasswords()
    {
        foreach (var password in Passwords)
        {
            File.Delete(password + Previous);
        }
    }

    private string[] Passwords => [ServerTokenFile, AgentTokenFile];

    private string ServerTokenFile => Path.Combine(home.Keys, "server-token");

    private string AgentTokenFile => Path.Combine(home.Keys, "agent-token");

    private void EnsureIssued(CertificateSpec spec, CertificateAuthority authority)
    {
        if (SecretFile.Read(_files.Certificate(spec.Name)) is { } pem && SecretFile.Read(_files.Key(spec.Name)) is { } key && IsGood(pem, key, spec, authority))
        {
            return;
        }

        var issued = authority.Issue(spec, KeyAlgorithm.Ecdsa, time);
        SecretFile.Write(_files.Key(spec.Name), issued.KeyPem);
        SecretFile.Write(_files.Certificate(spec.Name), issued.CertificatePem);
    }

    private bool IsGood(string pem, string key, CertificateSpec spec, CertificateAuthority authority)
    {
        try
        {
            // The key is written first: cut short after it, the two do not belong together.
            using var certificate = X509Certificate2.CreateFromPem(pem, key);
            return IssuedAt(certificate) >= (KeyState.Read(home).Rotations.GetValueOrDefault(Certificates)?.Begun ?? DateTimeOffset.MinValue)
                && certificate.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime > RenewBefore
                && certificate.Issuer == authority.Certificate.Subject
                && Names(certificate).SetEquals(spec.DnsNames.Concat(spec.Addresses.Select(a => a.ToString())));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // Cut short: made anew.
            return false;
        }
    }

    private static DateTimeOffset IssuedAt(X509Certificate2 certificate) => (DateTimeOffset)certificate.NotBefore + CertificateAuthority.Backdated;

    private static HashSet<string> Names(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        return names is null
            ? []
            : [.. names.EnumerateDnsNames(), .. names.EnumerateIPAddresses().Select(a => a.ToString())];
    }

    /// <exception cref="EbbException">It is not there.</exception>
    public static string Read(string file) =>
        SecretFile.Read(file) ?? throw new EbbException($"'{file}' is missing. Restore it from a backup of this directory; without it the cluster cannot be looked after from here.");
}
