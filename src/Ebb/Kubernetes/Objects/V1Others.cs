using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Kubernetes.Objects;

/// <summary>Of a kind that has no record here, what every kind has.</summary>
public sealed record V1Any : V1Object;

public sealed record V1Namespace : V1Object;

/// <summary>Also what <c>policy/v1beta1</c> sends; the members read are the same.</summary>
public sealed record V1PodDisruptionBudget : V1Object
{
    public V1PodDisruptionBudgetSpec Spec { get; init => field = value ?? new(); } = new();

    public V1PodDisruptionBudgetStatus? Status { get; init; }
}

public sealed record V1PodDisruptionBudgetSpec
{
    public V1LabelSelector? Selector { get; init; }
}

public sealed record V1PodDisruptionBudgetStatus
{
    public int DisruptionsAllowed { get; init; }

    public int CurrentHealthy { get; init; }

    public int DesiredHealthy { get; init; }

    public int ExpectedPods { get; init; }

    public long? ObservedGeneration { get; init; }
}

public sealed record V1DaemonSet : V1Object
{
    public V1DaemonSetSpec Spec { get; init => field = value ?? new(); } = new();
}

public sealed record V1DaemonSetSpec
{
    public V1LabelSelector? Selector { get; init; }

    public V1PodTemplate Template { get; init => field = value ?? new(); } = new();
}

public sealed record V1PodTemplate
{
    public V1Meta Metadata { get; init => field = value ?? new(); } = new();

    public V1PodSpec Spec { get; init => field = value ?? new(); } = new();
}

public sealed record V1PersistentVolumeClaim : V1Object
{
    public V1PersistentVolumeClaimSpec Spec { get; init => field = value ?? new(); } = new();

    public V1PhaseStatus? Status { get; init; }
}

public sealed record V1PersistentVolumeClaimSpec
{
    public string? VolumeName { get; init; }

    public string? StorageClassName { get; init; }

    public IReadOnlyList<string>? AccessModes { get; init; }

    /// <summary>Filesystem (also when absent) or Block.</summary>
    public string? VolumeMode { get; init; }

    public V1LabelSelector? Selector { get; init; }

    public V1ResourceRequirements? Resources { get; init; }
}

public sealed record V1PhaseStatus
{
    public string? Phase { get; init; }
}

public sealed record V1PersistentVolume : V1Object
{
    public V1PersistentVolumeSpec Spec { get; init => field = value ?? new(); } = new();

    public V1PhaseStatus? Status { get; init; }
}

public sealed record V1PersistentVolumeSpec
{
    public V1VolumeNodeAffinity? NodeAffinity { get; init; }

    public string? StorageClassName { get; init; }

    public IReadOnlyDictionary<string, string>? Capacity { get; init; }

    public IReadOnlyList<string>? AccessModes { get; init; }

    public string? VolumeMode { get; init; }

    /// <summary>The claim that has it, or that it is reserved for; null while it is free.</summary>
    public V1ObjectReference? ClaimRef { get; init; }
}

public sealed record V1VolumeNodeAffinity
{
    public V1NodeSelector? Required { get; init; }
}

public sealed record V1StorageClass : V1Object
{
    /// <summary>Immediate or WaitForFirstConsumer.</summary>
    public string? VolumeBindingMode { get; init; }

    /// <summary>Who makes its volumes; <c>kubernetes.io/no-provisioner</c>: nobody.</summary>
    public string? Provisioner { get; init; }

    public IReadOnlyList<V1TopologySelectorTerm>? AllowedTopologies { get; init; }
}

public sealed record V1TopologySelectorTerm
{
    public IReadOnlyList<V1TopologyExpression>? MatchLabelExpressions { get; init; }
}

public sealed record V1TopologyExpression
{
    public string Key { get; init => field = value ?? ""; } = "";

    public IReadOnlyList<string>? Values { get; init; }
}

public sealed record V1ConfigMap : V1Object
{
    public IReadOnlyDictionary<string, string>? Data { get; init; }
}

public sealed record V1Secret : V1Object
{
    public string? Type { get; init; }

    /// <summary>Base64 text by key, as it came: converted, its strings would be kept to be shared.</summary>
    public JsonElement? Data { get; init; }

    /// <summary>Plain text by key, on the way to the server only: it never sends this back.</summary>
    public IReadOnlyDictionary<string, string>? StringData { get; init; }

    /// <summary>Not a word of what is secret.</summary>
    public override string ToString() => $"{nameof(V1Secret)} {Metadata.Namespace}/{Metadata.Name}";
}

public sealed record V1Lease : V1Object
{
    public V1LeaseSpec Spec { get; init => field = value ?? new(); } = new();
}

public sealed record V1LeaseSpec
{
    public string? HolderIdentity { get; init; }

    public int? LeaseDurationSeconds { get; init; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? AcquireTime { get; init; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? RenewTime { get; init; }

    public int? LeaseTransitions { get; init; }
}

public sealed record V1ObjectReference
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public string? Namespace { get; init; }

    public string? Name { get; init; }

    public string? Uid { get; init; }
}
