using Ebb.Clouds;
using Ebb.Pools;
using Ebb.Scheduling;

namespace Ebb.Planning;

/// <summary>One node while a plan is made: what is known of it, and what has been decided so far.</summary>
internal sealed class Standing(Node node)
{
    public Node Node { get; } = node;

    public NodeLoad Load { get; } = node.Load;

    /// <summary>The pool of its machine; null for a node that is none of ours.</summary>
    public PoolStanding? Pool { get; set; }

    public Machine? Machine { get; set; }

    /// <summary>Our taint as it stands; null for none.</summary>
    public TaintEffect? Retiring { get; set; }

    public DateTimeOffset? IdleSince { get; set; }

    public DateTimeOffset? RetiringSince { get; set; }

    /// <summary>Its machine has been, or may have been, asked to go: nothing is decided about it any more.</summary>
    public bool Going { get; set; }

    /// <summary>What the cloud has announced that takes its machine away for good, or that it shuts down; null for nothing.</summary>
    public string? Announced { get; set; }

    /// <summary>The cloud has announced an interruption, so that it takes nothing new until that is over.</summary>
    public bool Spared { get; set; }

    /// <summary>It works, or could.</summary>
    public bool CountsAsReady => Node.Ready && !Going && !(Spared && Idle);

    /// <summary>Only DaemonSet, mirror or finished pods remain.</summary>
    public bool Idle => Load.Work == 0;

    /// <summary>How much of its CPU or memory is asked for, whichever is more: 0 to 1, and above when it is overcommitted.</summary>
    public double UsedShare => Math.Max(
        Load.CpuMilli / (double)Math.Max(1, Node.Shape.Allocatable.CpuMilli),
        Load.MemoryBytes / (double)Math.Max(1, Node.Shape.Allocatable.MemoryBytes));

    /// <summary>New and about to take pods: its machine runs, but it has not been ready yet.</summary>
    public bool Joining { get; set; }

    /// <summary>Why a person or a rule keeps it whatever happens; else null.</summary>
    public string? Keep { get; set; }

    /// <summary>Its machine goes because the node is not ready, or would if nothing spoke against it: nothing else is decided about it.</summary>
    public bool GivenUp { get; set; }

    /// <summary>It was ready and is not: since when, and for how long that is waited out; null for none of this.</summary>
    public (DateTimeOffset Since, TimeSpan For)? Patience { get; set; }

    /// <summary>The reason while that is waited out.</summary>
    public string NotReady(DateTimeOffset now) => Patience is { } patience ? $"kept: not ready, {Words.Progress(now - patience.Since, patience.For)}" : "";

    /// <summary>Its place in the simulated placement; null when nothing can be placed here.</summary>
    public Room? Room { get; set; }

    /// <summary>Its marks stand, or are put on by this plan.</summary>
    public bool Retires { get; set; }

    /// <summary>This plan takes our marks off it.</summary>
    public bool Released { get; set; }

    /// <summary>Waiting pods are going to be put here.</summary>
    public bool Wanted => Room?.Placed > 0;

    /// <summary>Writes the reason when it is asked for.</summary>
    public Func<Standing, DateTimeOffset, string>? Why { get; set; }

    public override string ToString() => Node.Name;
}

/// <summary>One pool while a plan is made.</summary>
internal sealed class PoolStanding(PoolView view)
{
    public PoolView View { get; } = view;

    public Pool Pool { get; } = view.Pool;

    public string Name => Pool.Name;

    /// <summary>Its nodes, in the snapshot's order.</summary>
    public List<Standing> Nodes { get; } = [];

    /// <summary>Machines without a node, in the cloud's order.</summary>
    public List<Machine> Unmatched { get; } = [];

    /// <summary>Machines that will become nodes: booting ones first, then those the cloud has promised but not listed.</summary>
    public List<Coming> Coming { get; } = [];

    /// <summary>Machines that exist or are promised, less those on their way out.</summary>
    public int Live { get; set; }

    /// <summary>Nodes that are ready and stay.</summary>
    public int ReadyNodes => Nodes.Count(node => node.CountsAsReady);

    /// <summary>
    /// Machines that it is not to fall below: its minimum, or those at work with as many ready beside them as are kept warm; as part of
    /// a larger pool, also what other parts of it lack.
    /// </summary>
    public int Least { get; set; } = view.Pool.Min;

    /// <summary>The same, for people.</summary>
    public string LeastInWords => Least <= Pool.Min ? $"its minimum {Pool.Min}"
        : Pool.KeepWarm > 0 ? $"{Words.Count(Least, "machine")}, with {Pool.KeepWarm} kept warm"
        : $"{Words.Count(Least, "machine")}, in place of what pool {Pool.PartOf} lacks elsewhere";

    /// <summary>Nodes that are there whatever the capacity says: their machines are shielded, and somebody lowered it below them.</summary>
    public int Beyond { get; set; }

    /// <summary>Promised machines that will not come: growth of them failed.</summary>
    public int Missing { get; set; }

    /// <summary>Growth waits until then; null when it may grow.</summary>
    public BackOffNote? BackOff { get; set; }

    /// <summary>Machines to be bought by this plan, and for how many pods.</summary>
    public int Buying { get; set; }

    public int BuyingFor { get; set; }

    /// <summary>
    /// By how much its capacity is to rise for what is bought. Asking for one more makes the cloud try again for what it failed to
    /// deliver. At the maximum there is none to ask for: then the same capacity is sent once more, and where others are part of the same
    /// pool, whose maximum it would use up with what nobody needs. A capacity that is below the machines there are is raised past them:
    /// anything less would let machines go instead of adding some.
    /// </summary>
    public int Asking => Buying == 0 ? 0
        : Math.Max(0, Math.Min(Beyond + Math.Max(Missing == 0 || Pool.PartOf is null ? 1 : 0, Buying - Missing), Pool.Max - View.Capacity));

    /// <summary>Nodes or machines to be removed by this plan.</summary>
    public List<Departure> Departures { get; } = [];

    public bool Sound => Pool.Problem is null;

    public override string ToString() => Name;
}

/// <summary>A machine that will become a node.</summary>
/// <param name="Machine">Null while the cloud has only promised it.</param>
internal sealed record Coming(PoolStanding Pool, Machine? Machine, DateTimeOffset? Since);

/// <summary>What is remembered of a pool whose growth failed.</summary>
/// <param name="Count">Failures in a row.</param>
/// <param name="At">When the last one was.</param>
/// <param name="Until">No growth before.</param>
/// <param name="Code">The cloud's word for it.</param>
internal sealed record BackOffNote(int Count, DateTimeOffset At, DateTimeOffset Until, string Code);
