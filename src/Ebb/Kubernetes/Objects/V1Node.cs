namespace Ebb.Kubernetes.Objects;

public sealed record V1Node : V1Object
{
    public V1NodeSpec Spec { get; init => field = value ?? new(); } = new();

    public V1NodeStatus? Status { get; init; }

    /// <summary>Whether its kubelet says that it takes pods, and has been heard of lately.</summary>
    public bool IsReady() => Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;
}

public sealed record V1NodeSpec
{
    public string? ProviderID { get; init; }

    public bool? Unschedulable { get; init; }

    public IReadOnlyList<V1Taint>? Taints { get; init; }
}

public sealed record V1Taint
{
    public string Key { get; init => field = value ?? ""; } = "";

    public string? Value { get; init; }

    /// <summary>NoSchedule, PreferNoSchedule or NoExecute.</summary>
    public string Effect { get; init => field = value ?? ""; } = "";

    public DateTimeOffset? TimeAdded { get; init; }
}

public sealed record V1NodeStatus
{
    public IReadOnlyDictionary<string, string>? Capacity { get; init; }

    public IReadOnlyDictionary<string, string>? Allocatable { get; init; }

    public IReadOnlyList<V1Condition>? Conditions { get; init; }

    public IReadOnlyList<V1NodeAddress>? Addresses { get; init; }

    public V1NodeSystemInfo? NodeInfo { get; init; }
}

public sealed record V1NodeAddress
{
    public string Type { get; init => field = value ?? ""; } = "";

    public string Address { get; init => field = value ?? ""; } = "";
}

public sealed record V1NodeSystemInfo
{
    public string? SystemUUID { get; init; }

    /// <summary>Another one after every start of the machine.</summary>
    public string? BootID { get; init; }

    public string? KubeletVersion { get; init; }
}
