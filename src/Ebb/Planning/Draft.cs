using System.Collections.Immutable;
using Ebb.Healing;
using Ebb.Pools;
using Ebb.Scheduling;

namespace Ebb.Planning;

/// <summary>A plan in the making: nodes and pools with what has been decided about them so far.</summary>
internal sealed class Draft
{
    // Taints that a node bears only until it is fully up.
    private static readonly string[] StartupTaints =
    [
        "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "node.kubernetes.io/network-unavailable",
        "node.cloudprovider.kubernetes.io/uninitialized",
    ];

    private readonly List<Decision> _decisions = [];

    public Draft(Snapshot snapshot, Policy policy)
    {
        (Snapshot, Policy, UnseenSince) = (snapshot, policy, Looks.UnseenSince(snapshot));
        Pools = [.. snapshot.Cloud.Pools.OrderBy(view => view.Pool.Name, StringComparer.Ordinal).Select(view => new PoolStanding(view))];
        var nodes = new Standing[snapshot.Nodes.Length];
        for (var i = 0; i < nodes.Length; i++)
        {
            nodes[i] = new Standing(snapshot.Nodes[i]);
        }

        Nodes = nodes;
        Matching.Match(Nodes, Pools);
        foreach (var node in Nodes)
        {
            Judge(node);
        }
    }

    public Snapshot Snapshot { get; }

    public Policy Policy { get; }

    public DateTimeOffset Now => Snapshot.Now;

    /// <summary>Since when nobody has looked; null when somebody has all along.</summary>
    public DateTimeOffset? UnseenSince { get; }

    public IReadOnlyList<PoolStanding> Pools { get; }

    public IReadOnlyList<Standing> Nodes { get; }

    public List<PodReason> PodReasons { get; } = [];

    public Dictionary<string, string> MachineReasons { get; } = [];

    public HashSet<string> InMotion { get; } = [];

    public DateTimeOffset? LookAgainAt { get; private set; }

    /// <summary>In the order in which they are to be acted on.</summary>
    public ImmutableArray<Decision> Decisions => [.. _decisions.OrderBy(Order)];

    public void Decide(Decision decision) => _decisions.Add(decision);

    /// <summary>Takes our marks off a node.</summary>
    public void Release(Standing node, string reason)
    {
        if (node.Released)
        {
            return;
        }

        node.Released = true;
        _decisions.Add(new Decision.Release(node.Node.Name) { Reason = reason });
    }

    /// <summary>Time alone changes the plan then.</summary>
    public void LookAgain(DateTimeOffset at)
    {
        if (at > Now && (LookAgainAt is not { } before || at < before))
        {
            LookAgainAt = at;
        }
    }

    /// <summary>Notes something down, or forgets it; nothing when it stands there already.</summary>
    public void Remember(string key, string? value, string reason)
    {
        _decisions.RemoveAll(decision => decision is Decision.Remember before && before.Key == key);
        if (Snapshot.Notes.GetValueOrDefault(key) != value)
        {
            _decisions.Add(new Decision.Remember(key, value) { Reason = reason });
        }
    }

    public bool IsDeparting(Machine machine) => Snapshot.Departing.Contains(machine.ProviderId);

    /// <summary>The taints that a new node will keep.</summary>
    public static ImmutableArray<Taint> Lasting(ImmutableArray<Taint> taints) =>
        taints.All(taint => !IsStartup(taint)) ? taints : [.. taints.Where(taint => !IsStartup(taint))];

    // What gives room comes first, then what takes it; marks go on before machines go.
    private static int Order(Decision decision) => decision switch
    {
        Decision.Release => 0,
        Decision.Remember => 1,
        Decision.Grow => 2,
        Decision.NoteIdle => 3,
        Decision.Steer => 4,
        Decision.Cordon => 5,
        Decision.Evict => 6,
        Decision.Remove => 7,
        Decision.Protect => 9,
        _ => 8,
    };

    private static bool IsStartup(Taint taint) =>
        StartupTaints.Contains(taint.Key) || taint.Key.StartsWith("startup-taint.cluster-autoscaler.kubernetes.io/", StringComparison.Ordinal);

    private void Judge(Standing standing)
    {
        var node = standing.Node;
        foreach (var taint in node.Shape.Taints)
        {
            if (taint.Key == Marks.Retiring && standing.Retiring != TaintEffect.NoSchedule)
            {
                standing.Retiring = taint.Effect == TaintEffect.PreferNoSchedule ? TaintEffect.PreferNoSchedule : TaintEffect.NoSchedule;
            }
        }

        if (node.Annotations.Count > 0)
        {
            standing.IdleSince = Notes.ReadTime(node.Annotations.GetValueOrDefault(Marks.IdleSince));
            standing.RetiringSince = Notes.ReadTime(node.Annotations.GetValueOrDefault(Marks.RetiringSince));
        }

        standing.Spared = node.Shape.Taints.Any(taint => taint is { Key: Marks.Leaving, Effect: TaintEffect.NoSchedule });
        standing.Keep = Kept(standing);
        if (standing.Machine is not { } machine)
        {
            return;
        }

        // After the mark the cloud was asked, or was about to be. What has not gone in this time was never asked.
        var asked = Notes.ReadTime(node.Annotations.GetValueOrDefault(Marks.Removing)) is { } at && Now - at < TimeSpan.FromMinutes(5);
        standing.Announced = Announcement.Of(node, Now)?.Kind;
        standing.Going = machine.State == MachineState.Deleting || IsDeparting(machine) || asked || standing.Announced is not null;
        var isNew = Now - node.CreatedAt < standing.Pool!.Pool.JoinWithin;
        standing.Joining = isNew
            && !standing.Going
            && machine.State is MachineState.Creating or MachineState.Running or MachineState.Unknown
            && (!node.Ready || node.Shape.Taints.Any(IsStartup));
        if (asked)
        {
            LookAgain(Now + TimeSpan.FromMinutes(5));
        }

        if (standing.Announced is not null)
        {
            LookAgain(Announcement.Of(node, Now)!.Over);
        }
    }

    private static string? Kept(Standing standing)
    {
        var annotations = standing.Node.Annotations;
        return standing.Pool is null ? "left alone: its machine belongs to no pool that Ebb looks after"
            : standing.Pool.Pool.Problem is { } problem ? $"left alone: {problem}"
            : IsTrue(annotations, Marks.Keep) ? $"kept: annotation {Marks.Keep}"
            : IsTrue(annotations, "cluster-autoscaler.kubernetes.io/scale-down-disabled") ? "kept: annotation cluster-autoscaler.kubernetes.io/scale-down-disabled"
            : IsTrue(annotations, "karpenter.sh/do-not-disrupt") ? "kept: annotation karpenter.sh/do-not-disrupt"
            : standing.Node.Shape.Labels.ContainsKey("node-role.kubernetes.io/control-plane") ? "kept: part of the control plane"
            : null;
    }

    private static bool IsTrue(ImmutableSortedDictionary<string, string> annotations, string key) =>
        annotations.Count > 0 && string.Equals(annotations.GetValueOrDefault(key), "true", StringComparison.OrdinalIgnoreCase);
}
