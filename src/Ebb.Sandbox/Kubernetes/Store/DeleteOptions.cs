namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>How an object is to be deleted.</summary>
public sealed record DeleteOptions
{
    public static readonly DeleteOptions Default = new();

    /// <summary>Gone at once, as a kubelet confirms that a pod has ended.</summary>
    public static readonly DeleteOptions Now = new() { GracePeriodSeconds = 0 };

    /// <summary>Only pods have one; null: what the pod itself says.</summary>
    public long? GracePeriodSeconds { get; init; }

    public Propagation Propagation { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }

    public bool DryRun { get; init; }
}

/// <summary>What becomes of an object's dependents.</summary>
public enum Propagation
{
    /// <summary>What an earlier deletion said, or else in the background.</summary>
    AsBefore,

    /// <summary>The garbage collector deletes them afterwards.</summary>
    Background,

    /// <summary>The object stays until those that block its deletion are gone.</summary>
    Foreground,

    /// <summary>They stay.</summary>
    Orphan,
}

/// <summary>What came of a deletion.</summary>
/// <param name="Object">Its last state, or its state while it waits for its grace period and finalizers.</param>
public readonly record struct Deletion(KubeObject Object, bool Gone);
