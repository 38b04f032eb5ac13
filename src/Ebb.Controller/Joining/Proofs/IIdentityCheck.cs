using Ebb.Joining;

namespace Ebb.Controller.Joining.Proofs;

/// <summary>Finds out which machine a proof is of. One for each kind of proof.</summary>
internal interface IIdentityCheck
{
    /// <summary>As in <see cref="Proof.Kind"/>.</summary>
    string Kind { get; }

    /// <summary>Whether it is good for joining, or only for what nodes ask for.</summary>
    bool ForJoining { get; }

    /// <param name="proof">Its nonce has been taken back: it is one that was given to whoever asks.</param>
    /// <param name="path">What is asked for.</param>
    /// <param name="asker">What whoever asks is counted under.</param>
    Task<Identity> CheckAsync(Proof proof, string path, string asker, CancellationToken ct);
}

/// <summary>What a proof shows.</summary>
internal abstract record Identity
{
    private Identity()
    {
    }

    /// <summary>A machine of a cloud, by the id that its firmware shows.</summary>
    public sealed record Machine(string VmId) : Identity;

    /// <summary>A node that has joined before.</summary>
    public sealed record Node(string Name) : Identity;

    /// <param name="Outcome">One word, for the audit log.</param>
    /// <param name="Why">For the audit log, and for nobody else.</param>
    public sealed record NotShown(string Outcome, string Why) : Identity;

    public static NotShown No(string outcome, string why) => new(outcome, why);
}
