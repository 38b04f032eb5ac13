namespace Ebb;

/// <summary>Every name that Ebb puts on Kubernetes objects. All begin with <c>ebb.dev/</c>.</summary>
public static class Marks
{
    /// <summary>Taint: <c>PreferNoSchedule</c> while a node is steered empty, <c>NoSchedule</c> from the cordon to the end.</summary>
    public const string Retiring = "ebb.dev/retiring";

    /// <summary>Node annotation: since when the node is idle, RFC 3339.</summary>
    public const string IdleSince = "ebb.dev/idle-since";

    /// <summary>Node annotation: since when the node carries <see cref="Retiring"/>, RFC 3339.</summary>
    public const string RetiringSince = "ebb.dev/retiring-since";

    /// <summary>
    /// Node annotation, set just before the cloud is asked to remove the machine: when, RFC 3339. A node that bears it is not
    /// released, so that a crash or a slow cloud cannot send work to a machine about to go.
    /// </summary>
    public const string Removing = "ebb.dev/removing";

    /// <summary>
    /// Node annotation <c>"true"</c>: it was Ebb that shielded the machine from the cloud's scale-in. A shield without this mark is somebody
    /// else's, and never lifted.
    /// </summary>
    public const string Protected = "ebb.dev/protected";

    /// <summary>
    /// Taint, <c>NoSchedule</c>: the cloud has announced the end of the node's machine or an interruption, or the machine is shutting
    /// down. Not Ebb's decision, and so never released by it while it holds.
    /// </summary>
    public const string Leaving = "ebb.dev/leaving";

    /// <summary>Node annotation: what is announced and for when, for example <c>Preempt 2026-11-22T13:40:00Z</c>.</summary>
    public const string Notice = "ebb.dev/notice";

    /// <summary>Node annotation: when the machine left in good order, RFC 3339. It may join again, whatever the node's state says.</summary>
    public const string Left = "ebb.dev/left";

    /// <summary>Node annotation: the current reason in plain words.</summary>
    public const string Reason = "ebb.dev/reason";

    /// <summary>Node annotation <c>"true"</c>: a person wants this node kept.</summary>
    public const string Keep = "ebb.dev/keep";

    /// <summary>
    /// Node annotation: what a command put on the node for the time of its work, <c>cordon</c>, <c>keep</c> or both, and which command
    /// that is, with commas between; see <see cref="Acting.Draining.OperatingMark"/>. Whoever ends or resumes that work takes off just
    /// this. With <c>stopped</c> it stays until the machine is started.
    /// </summary>
    public const string Operating = "ebb.dev/operating";

    /// <summary>
    /// Node annotation <c>"true"</c>: the machine is what its pool says now but for its disk, which was made before. A command gave it
    /// another size, which leaves it the disk, or began to reimage it and has not come to the end.
    /// </summary>
    public const string Reimage = "ebb.dev/reimage";

    /// <summary>
    /// Node annotation: with which keys the machine was told to mount its shares, as a hash from which none can be guessed
    /// (<see cref="Joining.Mount.MarkOf"/>). A machine that was told others when it last joined has those mounted still.
    /// </summary>
    public const string SharesKey = "ebb.dev/shares-key";

    /// <summary>
    /// Node annotation: by which authority of Kubernetes the machine was let in when it last joined, as a hash of its certificate. A machine
    /// that has joined by another knows that one, and has certificates of it.
    /// </summary>
    public const string Authority = "ebb.dev/authority";

    /// <summary>Pod annotation: <c>never</c> forbids to interrupt the pod, <c>allowed</c> permits it.</summary>
    public const string Interrupt = "ebb.dev/interrupt";

    /// <summary>Label that a pool's nodes carry, with the pool's name.</summary>
    public const string Pool = "ebb.dev/pool";

    /// <summary>Namespace and name of the ConfigMap and the Lease that hold what must survive a restart.</summary>
    public const string Namespace = "kube-system";

    public const string LeaseName = "ebb-controller";

    public const string MemoryName = "ebb-status";
}
