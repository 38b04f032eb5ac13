using System.Collections.Immutable;
using Ebb.Cli.ControlPlane.Pki;

namespace Ebb.Cli.Clusters.Provisioned.Rotating;

/// <summary>
/// The authorities of a cluster's join servers: one, or two while it is changed. Machines know one by its hash from their birth on, and
/// cannot be told another; so the new one is vouched for by the old one until no machine knows that any more.
/// </summary>
internal sealed class JoinAuthorities(ClusterHome home, PkiFiles files, TimeProvider time)
{
    public const string What = "join";

    // In this order.
    /// <summary>The servers show a certificate that both authorities vouch for; new machines are still told the old one.</summary>
    public const string Offered = "offer";

    /// <summary>New machines are told the new one.</summary>
    public const string Pinned = "pin";

    /// <summary>Machines that know only the old one are waited for.</summary>
    public const string Waiting = "wait";

    /// <summary>The old one is nothing any more.</summary>
    public const string Dropped = "drop";

    private const string FirstName = "join-ca";

    private KeyState State => KeyState.Read(home);

    /// <summary>What new machines are told to know, PEM.</summary>
    public string PinnedPem => Certificate(PinnedNumber(State));

    /// <summary>All that machines may know, PEM; the oldest first, since older machines look no further.</summary>
    public string BundlePem => string.Concat(Accepted(State).Select(Certificate));

    /// <summary>What the servers show behind their own certificate, PEM; empty where the machines' authority signed that itself.</summary>
    public string BetweenPem => Accepted(State).Length > 1 ? Read(Cross(SigningNumber(State))) : "";

    /// <summary>Makes what is missing, and removes what no machine can know.</summary>
    /// <returns>The one that signs.</returns>
    public CertificateAuthority Ensure(string cluster)
    {
        var state = State;
        var signing = SigningNumber(state);
        if (state.PhaseOf(What) is null && !File.Exists(files.Certificate(Name(signing))) && Directory.EnumerateFiles(home.Keys, $"{FirstName}-*.crt", SearchOption.AllDirectories).Any())
        {
            throw new EbbException($"'{files.Certificate(Name(signing))}' is missing, and another authority of the join servers is there. Restore all of '{home.Keys}' from one backup.");
        }

        var authority = AuthorityFiles.Ensure(files, Name(signing), signing == 1 ? $"{cluster}-join" : $"{cluster}-join-{signing}", KeyAlgorithm.Ecdsa, time, out _);
        try
        {
            if (Accepted(state) is [var before, _] && SecretFile.Read(Cross(signing)) is null)
            {
                using var old = AuthorityFiles.Load(files, Name(before), time);
                SecretFile.Write(Cross(signing), old.CrossSign(authority.Certificate, time));
            }

            Forget(state);
            return authority;
        }
        catch
        {
            authority.Dispose();
            throw;
        }
    }

    private void Forget(KeyState state)
    {
        var accepted = Accepted(state);
        if (accepted is [var only])
        {
            File.Delete(Cross(only));
        }

        if (accepted[0] > 1)
        {
            var gone = Name(accepted[0] - 1);
            File.Delete(files.Key(gone));
            File.Delete(files.Certificate(gone));
        }
    }

    private static int SigningNumber(KeyState state) => state.PhaseOf(What) is null ? state.JoinAuthority : state.JoinAuthority + 1;

    private static int PinnedNumber(KeyState state) => state.PhaseOf(What) is null or Offered ? state.JoinAuthority : state.JoinAuthority + 1;

    private static ImmutableArray<int> Accepted(KeyState state) => state.PhaseOf(What) switch
    {
        null => [state.JoinAuthority],
        Dropped => [state.JoinAuthority + 1],
        _ => [state.JoinAuthority, state.JoinAuthority + 1],
    };

    private static string Name(int number) => number == 1 ? FirstName : $"{FirstName}-{number}";

    private string Certificate(int number) => Read(files.Certificate(Name(number)));

    private string Cross(int number) => files.Certificate($"{Name(number)}-cross");

    private static string Read(string file) => ClusterKeys.Read(file);
}
