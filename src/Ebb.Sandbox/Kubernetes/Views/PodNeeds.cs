using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Views;

/// <summary>What a pod's spec demands of the place where it runs. Never changes once the pod is bound.</summary>
internal sealed class PodNeeds
{
    private const long DefaultCpuMilli = 100;
    private const long DefaultMemoryBytes = 200L << 20;

    private static readonly PodAffinity NoAffinity = PodAffinity.Read(null);

    private PodNeeds(JsonNode? spec)
    {
        Scheduler = spec.Text("schedulerName") ?? "default-scheduler";
        NeverPreempts = spec.Text("preemptionPolicy") == "Never";
        Requests = PodRequests.Of(spec);
        var (cpu, memory) = PodRequests.ForScoring(spec, DefaultCpuMilli, DefaultMemoryBytes);
        ScoredCpuMilli = cpu;
        ScoredMemoryBytes = memory;
        Nodes = NodeSelection.Read(spec);
        Tolerations = [.. spec.Objects("tolerations").Select(Toleration.Read)];
        Ports = HostPort.Read(spec);
        Spread = [.. spec.Objects("topologySpreadConstraints").Select(SpreadConstraint.Read)];
        Affinity = spec.At("affinity", "podAffinity") is null && spec.At("affinity", "podAntiAffinity") is null
            ? NoAffinity
            : PodAffinity.Read(spec.At("affinity"));
        Claims =
        [
            .. spec.Objects("volumes")
                .Select(volume => volume.Text("persistentVolumeClaim", "claimName"))
                .OfType<string>(),
        ];
    }

    public string Scheduler { get; }

    public bool NeverPreempts { get; }

    public Amounts Requests { get; }

    /// <summary>Requests with the scheduler's stand-ins for what a container leaves open; they count for scores only.</summary>
    public long ScoredCpuMilli { get; }

    public long ScoredMemoryBytes { get; }

    public NodeSelection Nodes { get; }

    public ImmutableArray<Toleration> Tolerations { get; }

    public ImmutableArray<HostPort> Ports { get; }

    public ImmutableArray<SpreadConstraint> Spread { get; }

    public PodAffinity Affinity { get; }

    /// <summary>Names of the persistent volume claims it mounts.</summary>
    public ImmutableArray<string> Claims { get; }

    public static PodNeeds Read(JsonNode? spec) => new(spec);
}

/// <summary>A port of the node that a container wants for itself.</summary>
internal sealed record HostPort(string Address, string Protocol, long Port)
{
    private const string AnyAddress = "0.0.0.0";

    public static ImmutableArray<HostPort> Read(JsonNode? spec)
    {
        var hostNetwork = spec.Flag("hostNetwork");
        return
        [
            .. from container in spec.Objects("containers")
               from port in container.Objects("ports")
               let number = port.Number("hostPort") ?? (hostNetwork ? port.Number("containerPort") : null) ?? 0
               where number > 0
               select new HostPort(port.Text("hostIP") is { Length: > 0 } ip ? ip : AnyAddress, port.Text("protocol") ?? "TCP", number),
        ];
    }

    public bool Clashes(HostPort other) =>
        Port == other.Port
        && Protocol == other.Protocol
        && (Address == other.Address || Address == AnyAddress || other.Address == AnyAddress);
}
