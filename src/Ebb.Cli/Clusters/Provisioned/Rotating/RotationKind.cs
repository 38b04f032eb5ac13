using System.Collections.Immutable;

namespace Ebb.Cli.Clusters.Provisioned.Rotating;

/// <summary>One thing that can be rotated: what it costs, and by which steps it goes.</summary>
/// <param name="What">As it is named on the command line, and in <see cref="KeyState.Rotations"/>.</param>
/// <param name="Covers">Which keys these are, for people.</param>
/// <param name="Costs">Which services restart, and whether machines have to be made anew.</param>
/// <param name="Phases">In their order. Each may be done twice.</param>
internal sealed record RotationKind(string What, string Covers, string Costs, ImmutableArray<RotationPhase> Phases)
{
    /// <summary>What is true once it is finished.</summary>
    public string Afterwards { get; init; } = "rotated; the one before is good for nothing any more";

    public const string Ssh = "ssh";

    public const string Storage = "storage";

    public const string Passwords = "passwords";

    public static ImmutableArray<RotationKind> All { get; } =
    [
        new(
            Ssh,
            "the SSH key that Ebb made, with which one logs in to machines",
            "nothing restarts; the key before is kept until machines of pools that know only that one are reimaged or gone",
            [
                new(RotationPhase.Make, "make another pair; the one before is kept beside it"),
                new(RotationPhase.Spread, "tell the control plane's machines one after the other, and pools for their new machines"),
                new(RotationPhase.Wait, "wait for machines that know only the one before"),
                new(RotationPhase.Forget, "remove the pair before"),
            ]),
        new(
            ClusterKeys.Certificates,
            "the certificates of join servers, controller and operator, and those that k3s made for itself",
            "k3s and Ebb restart on one control-plane machine after the other; pods run on. What was signed before stays good until it ends, also in a thief's hands",
            [new(RotationPhase.Spread, "sign them anew and have the control plane's machines take them up, one after the other")])
        {
            Afterwards = "signed anew; those before are good until they end by themselves",
        },
        new(
            Storage,
            "the keys of both storage accounts",
            "nothing restarts at first; machines of pools that have shares mounted restart or are reimaged before the old key goes",
            [
                new(RotationPhase.Make, "make the key anew that nobody uses"),
                new(RotationPhase.Spread, "have the control plane's machines use it, and hand it to machines that join from now on"),
                new(RotationPhase.Wait, "wait for machines that mount with the key before"),
                new(RotationPhase.Forget, "make the key before anew, which ends what still uses it"),
            ]),
        new(
            JoinAuthorities.What,
            "the authority of the join servers, which machines know by its hash, and their certificate",
            "Ebb restarts on one control-plane machine after the other; machines of pools are reimaged or replaced before the old one goes",
            [
                new(JoinAuthorities.Offered, "make another, which the old one vouches for; join servers show both"),
                new(JoinAuthorities.Pinned, "tell new machines the new one"),
                new(JoinAuthorities.Waiting, "wait for machines that know only the old one"),
                new(JoinAuthorities.Dropped, "drop the old one"),
            ]),
        new(
            ClusterAuthorities.What,
            "Kubernetes' own authorities, for servers, clients, the store and aggregated APIs, and the key that signs service accounts' tokens",
            "k3s and Ebb restart on one control-plane machine after the other, three times; machines of pools restart or are reimaged before the old ones go. Then every certificate by them is refused, also copies of the kubeconfig",
            [
                new(ClusterAuthorities.Offered, "make others, which the old ones vouch for; have k3s sign with them and believe both, one control-plane machine after the other"),
                new(ClusterAuthorities.Signed, "have the new ones sign all that k3s, the controller and the operator prove themselves with, one control-plane machine after the other"),
                new(ClusterAuthorities.Waiting, "wait for machines that have certificates by the old ones"),
                new(ClusterAuthorities.Dropped, "have k3s believe the new ones alone, one control-plane machine after the other"),
            ])
        {
            Afterwards = "rotated; API servers and the store refuse what the ones before have signed. Tokens of service accounts that the key before has signed are good until the next rotation, "
                + "and a kubelet believes the authorities that there were when it last started",
        },
        new(
            Passwords,
            "the passwords with which servers and machines join k3s",
            "k3s and Ebb restart on one control-plane machine after the other; nothing that has joined is cut off. A snapshot of the store from before can only be restored with the old one, so take another afterwards",
            [
                new(RotationPhase.Make, "make others; those before are kept beside them"),
                new(RotationPhase.Spread, "have k3s exchange them, one control-plane machine after the other"),
                new(RotationPhase.Forget, "remove those before"),
            ]),
    ];

    /// <exception cref="EbbException">There is no such thing to rotate, or nothing was named; says what there is and what it costs.</exception>
    public static ImmutableArray<RotationKind> Choose(IReadOnlyCollection<string> names)
    {
        var unknown = names.FirstOrDefault(name => All.All(kind => kind.What != name));
        return names.Count > 0 && unknown is null
            ? [.. names.Distinct().Select(name => All.First(kind => kind.What == name))]
            : throw new EbbException(
                (unknown is null ? "Say what to rotate:" : $"There is no '{unknown}' to rotate; there is:")
                + string.Concat(All.Select(kind => $"\n  {kind.What,-13} {kind.Covers}\n  {"",-13} {kind.Costs}")));
    }

    /// <summary>What is still to be done.</summary>
    /// <param name="phase">Where it stands; null: it has not begun.</param>
    /// <exception cref="EbbException">There is no such phase.</exception>
    public IEnumerable<RotationPhase> From(string? phase) => phase is null ? Phases : Phases.Skip(Index(phase));

    /// <summary>What comes after a phase; null after the last.</summary>
    public string? After(string phase)
    {
        var next = Index(phase) + 1;
        return next < Phases.Length ? Phases[next].Name : null;
    }

    private int Index(string phase) => Phases.ToList().FindIndex(p => p.Name == phase) is >= 0 and var at
        ? at
        : throw new EbbException($"A rotation of {What} stands at '{phase}', which this Ebb does not know. Use the Ebb that began it, or a newer one.");
}

/// <param name="Does">For people, as an order.</param>
internal sealed record RotationPhase(string Name, string Does)
{
    public const string Make = "make";

    public const string Spread = "spread";

    public const string Wait = "wait";

    public const string Forget = "forget";
}
