using System.Collections.Immutable;
using System.Security.Cryptography;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Provisioning;

namespace Ebb.Cli.Clusters.Provisioned.Rotating;

/// <summary>
/// Kubernetes' own authorities and the key of its service accounts: one set, or two while they are changed. The first set of a cluster
/// vouches for itself. Of each later one a root does, which the set before vouches for until that is dropped; the root's key never
/// leaves this machine.
/// </summary>
/// <remarks>
/// What k3s takes as another authority: https://docs.k3s.io/cli/certificate ("Rotating Self-Signed CA Certificates") and k3s' own
/// contrib/util/rotate-default-ca-certs.sh. A file has the authority that signs, its root, that root in the old authority's name, and the
/// old one. 'rotate-ca' takes it without --force where the first certificate follows from those that are in force (its
/// pkg/server/handlers/cert.go), which also holds for the same file without the old authority, the second time. A file of a single
/// certificate it refuses; so the first one signs and another is its root.
/// </remarks>
internal sealed class ClusterAuthorities(ClusterHome home, PkiFiles files, TimeProvider time)
{
    public const string What = "authorities";

    // In this order.
    /// <summary>k3s signs with the new ones, and believes both; what Ebb has, and what k3s shows on its port, may still be by the old ones.</summary>
    public const string Offered = "offer";

    /// <summary>All certificates of the control plane, of the operator and of the controller are by the new ones.</summary>
    public const string Signed = "sign";

    /// <summary>Machines that joined by the old ones are waited for.</summary>
    public const string Waiting = RotationPhase.Wait;

    /// <summary>The old ones are nothing any more.</summary>
    public const string Dropped = "drop";

    // By their names in k3s' directory, without the endings.
    private static readonly ImmutableArray<string> Names = ["server-ca", "client-ca", "request-header-ca", "etcd/server-ca", "etcd/peer-ca"];

    /// <param name="name">Of a file among the keys, without its ending.</param>
    public static bool IsOne(string name) => Names.Any(own => name.StartsWith(own, StringComparison.Ordinal));

    private KeyState State => KeyState.Read(home);

    /// <summary>By what API servers are believed, PEM: exactly what k3s has.</summary>
    public string ServerPem => Bundle("server-ca");

    /// <summary>The authority that signs clients now.</summary>
    public CertificateAuthority LoadClients() => AuthorityFiles.Load(files, Name("client-ca", Signing(State)), time);

    /// <summary>What stands between a client's certificate and the root of its authority, PEM; empty for the first set.</summary>
    public string BetweenClientsPem => Signing(State) is > 1 and var number ? Certificate(Name("client-ca", number)) : "";

    /// <summary>Makes what is missing, and removes what nothing believes any more.</summary>
    /// <exception cref="EbbException">A file of those in force is lost.</exception>
    public void Ensure(string cluster)
    {
        var state = State;
        foreach (var name in Names)
        {
            foreach (var number in Accepted(state))
            {
                Ensure(cluster, name, number, state);
            }
        }

        foreach (var number in Accepted(state))
        {
            if (SecretFile.Read(ServiceAccountKey(number)) is null)
            {
                // In the form that k3s writes itself.
                using var key = RSA.Create(2048);
                SecretFile.Write(ServiceAccountKey(number), key.ExportRSAPrivateKeyPem() + "\n");
            }
        }

        Forget(Accepted(state));
    }

    /// <summary>What of it lies on the cluster's own share.</summary>
    public IEnumerable<ShareFile> Shared() => SystemShare.Authorities.Select(name => ShareFile.OfText(
        SystemShare.Pki + name,
        name == "service.key" ? ServiceAccountKeys()
            : name.EndsWith(".key", StringComparison.Ordinal) ? ClusterKeys.Read(files.Key(Name(name[..^4], Made(State)))) : Bundle(name[..^4])));

    private void Ensure(string cluster, string name, int number, KeyState state)
    {
        var own = Name(name, number);
        var common = $"{cluster}-{name.Replace('/', '-')}";
        if ((number == state.Authorities || state.PhaseOf(What) != Offered) && !File.Exists(files.Certificate(own))
            && Directory.EnumerateFiles(Path.GetDirectoryName(files.Certificate(own))!, $"{Path.GetFileName(name)}*.crt").Any())
        {
            throw new EbbException($"'{files.Certificate(own)}' is missing, and another authority of its kind is there. Restore all of '{home.Keys}' from one backup.");
        }

        if (number == 1)
        {
            AuthorityFiles.Ensure(files, own, common, KeyAlgorithm.Ecdsa, time, out _).Dispose();
            return;
        }

        using var root = AuthorityFiles.Ensure(files, Root(own), $"{common}-{number}-root", KeyAlgorithm.Ecdsa, time, out _);
        if (SecretFile.Read(files.Certificate(own)) is null)
        {
            // The key is written first; cut short after it, another is made.
            var key = Keys.Create(KeyAlgorithm.Ecdsa);
            SecretFile.Write(files.Key(own), Keys.Pem(key));
            using var authority = CertificateAuthority.Create($"{common}-{number}", key, time);
            SecretFile.Write(files.Certificate(own), root.CrossSign(authority.Certificate, time));
        }

        if (number != state.Authorities && SecretFile.Read(Cross(own)) is null && state.PhaseOf(What) != Dropped)
        {
            using var before = AuthorityFiles.Load(files, Top(name, number - 1), time);
            SecretFile.Write(Cross(own), before.CrossSign(root.Certificate, time));
        }
    }

    private void Forget(ImmutableArray<int> accepted)
    {
        if (accepted.Length > 1)
        {
            return;
        }

        foreach (var name in Names)
        {
            File.Delete(Cross(Name(name, accepted[0])));
            foreach (var gone in accepted[0] > 1 ? new[] { Name(name, accepted[0] - 1), Root(Name(name, accepted[0] - 1)) } : [])
            {
                File.Delete(files.Key(gone));
                File.Delete(files.Certificate(gone));
            }
        }

        if (accepted[0] > 2)
        {
            File.Delete(ServiceAccountKey(accepted[0] - 2));
        }
    }

    /// <summary>All that is believed, the one that signs at k3s first. Its root before that root in another's name: k3s takes the first way that it finds.</summary>
    private string Bundle(string name)
    {
        var accepted = Accepted(State);
        var newest = Own(name, accepted[^1]);
        return accepted.Length == 1 ? newest : newest + Certificate(Name(name, accepted[^1]) + CrossEnding) + Own(name, accepted[0]);
    }

    private string Own(string name, int number) =>
        number == 1 ? Certificate(name) : Certificate(Name(name, number)) + Certificate(Root(Name(name, number)));

    /// <summary>
    /// The one that signs first. Tokens that the one before has signed stay good until the next rotation: pods have theirs renewed within
    /// the hour, but those that stand in Secrets never are.
    /// </summary>
    private string ServiceAccountKeys()
    {
        var made = Made(State);
        return ClusterKeys.Read(ServiceAccountKey(made)) + (made > 1 ? ClusterKeys.Read(ServiceAccountKey(made - 1)) : "");
    }

    /// <summary>By which set k3s signs; that of Ebb's own certificates follows.</summary>
    private static int Made(KeyState state) => Accepted(state)[^1];

    private static int Signing(KeyState state) => state.PhaseOf(What) is Offered ? state.Authorities : Made(state);

    private static ImmutableArray<int> Accepted(KeyState state) => state.PhaseOf(What) switch
    {
        null => [state.Authorities],
        Dropped => [state.Authorities + 1],
        _ => [state.Authorities, state.Authorities + 1],
    };

    private const string CrossEnding = "-cross";

    private static string Name(string name, int number) => number == 1 ? name : $"{name}-{number}";

    private static string Root(string own) => own + "-root";

    /// <summary>The one that vouches for itself.</summary>
    private static string Top(string name, int number) => number == 1 ? name : Root(Name(name, number));

    private string Cross(string own) => files.Certificate(own + CrossEnding);

    private string ServiceAccountKey(int number) => number == 1 ? files.ServiceAccountKey : Path.Combine(Path.GetDirectoryName(files.ServiceAccountKey)!, $"sa-{number}.key");

    private string Certificate(string name) => ClusterKeys.Read(files.Certificate(name));
}
