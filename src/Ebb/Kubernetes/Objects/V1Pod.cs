namespace Ebb.Kubernetes.Objects;

public sealed record V1Pod : V1Object
{
    public V1PodSpec Spec { get; init => field = value ?? new(); } = new();

    public V1PodStatus? Status { get; init; }
}

public sealed record V1PodSpec
{
    public string? NodeName { get; init; }

    public string? SchedulerName { get; init; }

    public string? RestartPolicy { get; init; }

    public string? PriorityClassName { get; init; }

    public int? Priority { get; init; }

    public bool? HostNetwork { get; init; }

    public long? TerminationGracePeriodSeconds { get; init; }

    public IReadOnlyList<V1Container>? Containers { get; init; }

    public IReadOnlyList<V1Container>? InitContainers { get; init; }

    public IReadOnlyDictionary<string, string>? Overhead { get; init; }

    /// <summary>Pod-level resources; override the sum of the containers where given.</summary>
    public V1ResourceRequirements? Resources { get; init; }

    public IReadOnlyDictionary<string, string>? NodeSelector { get; init; }

    public V1Affinity? Affinity { get; init; }

    public IReadOnlyList<V1Toleration>? Tolerations { get; init; }

    public IReadOnlyList<V1TopologySpreadConstraint>? TopologySpreadConstraints { get; init; }

    public IReadOnlyList<V1Volume>? Volumes { get; init; }

    public IReadOnlyList<V1Named>? SchedulingGates { get; init; }
}

/// <summary>An entry of which only the name is of use.</summary>
public sealed record V1Named
{
    public string Name { get; init => field = value ?? ""; } = "";
}

public sealed record V1Container
{
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>Always for a sidecar (an init container that keeps running).</summary>
    public string? RestartPolicy { get; init; }

    public V1ResourceRequirements? Resources { get; init; }

    public IReadOnlyList<V1ContainerPort>? Ports { get; init; }
}

/// <summary>Amounts in Kubernetes' quantity notation.</summary>
public sealed record V1ResourceRequirements
{
    public IReadOnlyDictionary<string, string>? Requests { get; init; }

    public IReadOnlyDictionary<string, string>? Limits { get; init; }
}

public sealed record V1ContainerPort
{
    public int ContainerPort { get; init; }

    public int? HostPort { get; init; }

    public string? HostIP { get; init; }

    public string? Protocol { get; init; }
}

public sealed record V1Toleration
{
    public string? Key { get; init; }

    public string? Operator { get; init; }

    public string? Value { get; init; }

    public string? Effect { get; init; }

    public long? TolerationSeconds { get; init; }
}

public sealed record V1TopologySpreadConstraint
{
    public int MaxSkew { get; init => field = Math.Max(1, value); } = 1;

    public string TopologyKey { get; init => field = value ?? ""; } = "";

    public string WhenUnsatisfiable { get; init => field = value ?? ""; } = "";

    public V1LabelSelector? LabelSelector { get; init; }

    public int? MinDomains { get; init; }

    public string? NodeAffinityPolicy { get; init; }

    public string? NodeTaintsPolicy { get; init; }

    public IReadOnlyList<string>? MatchLabelKeys { get; init; }
}

public sealed record V1Affinity
{
    public V1NodeAffinity? NodeAffinity { get; init; }

    public V1PodAffinity? PodAffinity { get; init; }

    public V1PodAffinity? PodAntiAffinity { get; init; }
}

public sealed record V1NodeAffinity
{
    public V1NodeSelector? RequiredDuringSchedulingIgnoredDuringExecution { get; init; }
}

public sealed record V1NodeSelector
{
    public IReadOnlyList<V1NodeSelectorTerm>? NodeSelectorTerms { get; init; }
}

public sealed record V1NodeSelectorTerm
{
    public IReadOnlyList<V1Expression>? MatchExpressions { get; init; }

    public IReadOnlyList<V1Expression>? MatchFields { get; init; }
}

/// <summary>Pod affinity or anti-affinity; preferences are not read, they never forbid.</summary>
public sealed record V1PodAffinity
{
    public IReadOnlyList<V1PodAffinityTerm>? RequiredDuringSchedulingIgnoredDuringExecution { get; init; }
}

public sealed record V1PodAffinityTerm
{
    public V1LabelSelector? LabelSelector { get; init; }

    public string TopologyKey { get; init => field = value ?? ""; } = "";

    public IReadOnlyList<string>? Namespaces { get; init; }

    public V1LabelSelector? NamespaceSelector { get; init; }

    public IReadOnlyList<string>? MatchLabelKeys { get; init; }

    public IReadOnlyList<string>? MismatchLabelKeys { get; init; }
}

public sealed record V1Volume
{
    public string Name { get; init => field = value ?? ""; } = "";

    public V1ClaimSource? PersistentVolumeClaim { get; init; }

    public V1EphemeralSource? Ephemeral { get; init; }

    public V1EmptyDirSource? EmptyDir { get; init; }

    public V1HostPathSource? HostPath { get; init; }
}

public sealed record V1ClaimSource
{
    public string ClaimName { get; init => field = value ?? ""; } = "";
}

/// <summary>A claim made for the pod, called <c>{pod}-{volume}</c>.</summary>
public sealed record V1EphemeralSource;

public sealed record V1EmptyDirSource
{
    public string? Medium { get; init; }
}

public sealed record V1HostPathSource
{
    public string Path { get; init => field = value ?? ""; } = "";
}

public sealed record V1PodStatus
{
    /// <summary>Pending, Running, Succeeded, Failed or Unknown.</summary>
    public string? Phase { get; init; }

    public string? Reason { get; init; }

    public string? NominatedNodeName { get; init; }

    public DateTimeOffset? StartTime { get; init; }

    public IReadOnlyList<V1Condition>? Conditions { get; init; }
}
