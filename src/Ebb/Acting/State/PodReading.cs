using System.Collections.Immutable;
using Ebb.Kubernetes.Objects;
using Ebb.Scheduling;

namespace Ebb.Acting.State;

/// <summary>Makes of a pod as Kubernetes sends it the few words that the planner needs.</summary>
internal sealed class PodReading(Interning interned, Volumes volumes)
{
    private readonly Requests _requests = new();
    private readonly KeyText _key = new();

    public Pod Read(V1Pod pod)
    {
        var meta = pod.Metadata;
        return new Pod
        {
            Namespace = interned.Of(meta.Namespace),
            Name = meta.Name,
            Uid = meta.Uid,
            Class = Class(pod),
            Labels = interned.Labels(meta.Labels),
            Owner = Controller(meta),
            Node = pod.Spec.NodeName is { Length: > 0 } node ? interned.Of(node) : "",
            Phase = Phase(pod.Status?.Phase),
            Protection = Protection(meta.Annotations),
            CreatedAt = meta.CreationTimestamp ?? default,
            StartedAt = pod.Status?.StartTime,
            LeavesBy = meta.DeletionTimestamp,
            Mirror = meta.Annotations?.ContainsKey("kubernetes.io/config.mirror") == true,
            Gated = pod.Spec.SchedulingGates is { Count: > 0 },
        };
    }

    /// <summary>A DaemonSet's pods tolerate, whatever its template says, what ails a node only for a while.</summary>
    public PodClass Class(V1DaemonSet set)
    {
        (string Key, string Effect)[] tolerated =
        [
            ("node.kubernetes.io/not-ready", "NoExecute"), ("node.kubernetes.io/unreachable", "NoExecute"),
            ("node.kubernetes.io/disk-pressure", "NoSchedule"), ("node.kubernetes.io/memory-pressure", "NoSchedule"),
            ("node.kubernetes.io/pid-pressure", "NoSchedule"), ("node.kubernetes.io/unschedulable", "NoSchedule"),
            ("node.kubernetes.io/network-unavailable", "NoSchedule"),
        ];
        var template = set.Spec.Template;
        return Class(new V1Pod
        {
            Metadata = template.Metadata with { Namespace = set.Metadata.Namespace },
            Spec = template.Spec with
            {
                Tolerations =
                [
                    .. template.Spec.Tolerations ?? [],
                    .. tolerated
                        .Take(template.Spec.HostNetwork == true ? tolerated.Length : tolerated.Length - 1)
                        .Select(taint => new V1Toleration { Key = taint.Key, Operator = "Exists", Effect = taint.Effect }),
                ],
            },
        });
    }

    /// <summary>What annotations say of interrupting the pod; a word we do not know counts as the careful one.</summary>
    internal static Protection Protection(IReadOnlyDictionary<string, string>? annotations)
    {
        if (annotations is null)
        {
            return Scheduling.Protection.ByRule;
        }

        var ours = annotations.GetValueOrDefault(Marks.Interrupt);
        var evict = annotations.GetValueOrDefault("cluster-autoscaler.kubernetes.io/safe-to-evict");
        var disrupt = annotations.GetValueOrDefault("karpenter.sh/do-not-disrupt");
        var allowed = Is(ours, "allowed");
        return (ours is not null && !allowed) || Is(evict, "false") || Is(disrupt, "true")
            ? Scheduling.Protection.Never
            : allowed || Is(evict, "true") ? Scheduling.Protection.Allowed : Scheduling.Protection.ByRule;

        static bool Is(string? value, string word) => string.Equals(value, word, StringComparison.OrdinalIgnoreCase);
    }

    private static PodPhase Phase(string? phase) => phase switch
    {
        "Running" => PodPhase.Running,
        "Succeeded" => PodPhase.Succeeded,
        "Failed" => PodPhase.Failed,
        "Unknown" => PodPhase.Unknown,
        _ => PodPhase.Pending,
    };

    private Owner? Controller(V1Meta meta)
    {
        foreach (var owner in meta.OwnerReferences ?? [])
        {
            if (owner.Controller == true)
            {
                return interned.Of(new Owner(interned.Of(owner.Kind), owner.Name, owner.Uid));
            }
        }

        return null;
    }

    private PodClass Class(V1Pod pod)
    {
        var spec = pod.Spec;
        var total = _requests.Of(spec);
        var (volumeTerms, blocked) = spec.Volumes is { Count: > 0 } ? volumes.Of(pod) : ([], null);
        var spread = Selectors.Spread(spec, pod.Metadata);
        var affinity = Selectors.Affinity(spec.Affinity?.PodAffinity, pod.Metadata);
        var apart = Selectors.Affinity(spec.Affinity?.PodAntiAffinity, pod.Metadata);
        Write(spec, total, volumeTerms, blocked, spread, affinity, apart);
        return interned.Class(_key.Text) ?? interned.Keep(_key.Text, new PodClass
        {
            Requests = Requests.ToResources(total, pods: 1),
            NodeSelector = spec.NodeSelector is { Count: > 0 } selector
                ? ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, selector)
                : ImmutableSortedDictionary<string, string>.Empty,
            NodeTerms = Selectors.Read(spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution),
            VolumeTerms = volumeTerms,
            Tolerations = [.. (spec.Tolerations ?? []).Select(Selectors.Read)],
            HostPorts = [.. HostPorts(spec)],
            Spread = spread,
            Affinity = affinity,
            AntiAffinity = apart,
            Priority = spec.Priority ?? 0,
            Blocked = blocked,
        });
    }

    private static IEnumerable<HostPort> HostPorts(V1PodSpec spec)
    {
        foreach (var container in (spec.Containers ?? []).Concat((spec.InitContainers ?? []).Where(init => init.RestartPolicy == "Always")))
        {
            foreach (var port in container.Ports ?? [])
            {
                var number = port.HostPort ?? (spec.HostNetwork == true ? port.ContainerPort : 0);
                if (number > 0)
                {
                    yield return new HostPort(port.HostIP ?? "", port.Protocol ?? "TCP", number);
                }
            }
        }
    }

    private void Write(
        V1PodSpec spec,
        IReadOnlyDictionary<string, long> total,
        ImmutableArray<ImmutableArray<NodeTerm>> volumeTerms,
        string? blocked,
        ImmutableArray<SpreadConstraint> spread,
        ImmutableArray<AffinityTerm> affinity,
        ImmutableArray<AffinityTerm> apart)
    {
        _key.Clear().Add(spec.Priority ?? 0).Add(blocked);
        foreach (var (name, amount) in total)
        {
            _key.Add(name).Add(amount);
        }

        _key.Add('s');
        foreach (var (key, value) in spec.NodeSelector ?? ImmutableDictionary<string, string>.Empty)
        {
            _key.Add(key).Add(value);
        }

        _key.Add('n');
        Write(Selectors.Read(spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution));
        foreach (var terms in volumeTerms)
        {
            _key.Add('v');
            Write(terms);
        }

        _key.Add('t');
        foreach (var toleration in spec.Tolerations ?? [])
        {
            _key.Add(toleration.Key).Add(toleration.Operator).Add(toleration.Value).Add(toleration.Effect);
        }

        _key.Add('p');
        foreach (var port in HostPorts(spec))
        {
            _key.Add(port.Address).Add(port.Protocol).Add(port.Port);
        }

        foreach (var constraint in spread)
        {
            _key.Add('c').Add(constraint.TopologyKey).Add(constraint.MaxSkew).Add(constraint.MinDomains).Add(constraint.Namespace)
                .Add(constraint.HonorAffinity ? 'a' : '-').Add(constraint.HonorTaints ? 't' : '-');
            Write(constraint.Selector);
        }

        Write('a', affinity);
        Write('z', apart);
    }

    private void Write(char mark, ImmutableArray<AffinityTerm> terms)
    {
        foreach (var term in terms)
        {
            _key.Add(mark).Add(term.TopologyKey);
            foreach (var ns in term.Namespaces)
            {
                _key.Add(ns);
            }

            Write(term.NamespaceSelector);
            Write(term.Selector);
        }
    }

    private void Write(ImmutableArray<NodeTerm> terms)
    {
        foreach (var term in terms)
        {
            _key.Add('m');
            Write(term.Labels);
            _key.Add('f');
            Write(term.Fields);
        }
    }

    private void Write(LabelSelector? selector)
    {
        _key.Add(selector is null ? '0' : '1');
        Write(selector?.Requirements ?? []);
    }

    private void Write(ImmutableArray<Requirement> requirements)
    {
        foreach (var requirement in requirements)
        {
            _key.Add(requirement.Key).Add((long)requirement.Operator);
            foreach (var value in requirement.Values)
            {
                _key.Add(value);
            }

            _key.Add('.');
        }
    }
}
