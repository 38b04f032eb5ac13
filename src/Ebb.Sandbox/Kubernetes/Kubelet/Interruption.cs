namespace Ebb.Sandbox.Kubernetes.Kubelet;

/// <summary>A pod lost before it had finished.</summary>
/// <param name="Started">Its containers ran; else it was still being prepared.</param>
/// <param name="Owner">Kind and name of its controller: <c>Job/frames</c>; empty when it has none.</param>
/// <param name="Ran">How long its containers had run.</param>
public sealed record Interruption(
    DateTimeOffset At,
    string Namespace,
    string Pod,
    string Uid,
    string Node,
    string Owner,
    bool Started,
    TimeSpan Ran,
    InterruptionCause Cause);

public enum InterruptionCause
{
    /// <summary>The machine that it ran on lost power or ceased to exist.</summary>
    MachineGone,

    /// <summary>Someone used the eviction API.</summary>
    Eviction,

    /// <summary>Someone deleted it: a person, or its controller.</summary>
    Deletion,

    /// <summary>A more important pod needed the place.</summary>
    Preemption,

    /// <summary>A NoExecute taint that it does not tolerate.</summary>
    Taint,
}
