using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Acting;
using Ebb.Clouds;
using Ebb.Growing;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Ebb.Sandbox;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation;

namespace Ebb.Tests.Scheduling;

/// <summary>Holds Ebb's predicates against the sandbox's scheduler, which shares no code with them.</summary>
public sealed class TwoSchedulersTests
{
    private static readonly string[] Apps = ["a", "b", "c"];
    private static readonly string[] TopologyKeys = ["topology.kubernetes.io/zone", "kubernetes.io/hostname"];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Both_agree_on_where_random_pods_fit(int score)
    {
        for (var seed = score * 20; seed < (score + 1) * 20; seed++)
        {
            Agree(seed);
        }
    }

    private static void Agree(int seed)
    {
        var random = new Random(seed);
        var time = new VirtualTime();
        using var agenda = new Agenda(time);
        var world = new KubernetesWorld(agenda, new KubernetesOptions { Seed = seed, NodeGrace = TimeSpan.FromDays(1) });
        world.Begin();
        for (var i = 0; i < 6; i++)
        {
            world.Store.Create(Kinds.Node, Node(random, i));
        }

        var bound = 0;
        for (var i = 0; i < 40; i++)
        {
            var json = Pod(random, i);
            var said = json.ToJsonString();
            world.Store.Create(Kinds.Pod, json);
            var fits = WhereItFits(world.Store, $"pod-{i}");

            time.Advance(TimeSpan.FromSeconds(1));

            var node = KubeJson.Read<V1Pod>(world.Store.Get(Kinds.Pod, json["metadata"]!["namespace"]!.GetValue<string>(), $"pod-{i}")!.Utf8.Span).Spec.NodeName;
            bound += node is { Length: > 0 } ? 1 : 0;
            Assert.True(
                node is { Length: > 0 } ? fits.Contains(node) : fits.Count == 0,
                $"seed {seed}: the scheduler chose '{node}', the predicates allow [{string.Join(", ", fits)}] for {said}");
            if (node is not { Length: > 0 })
            {
                world.Store.Delete(Kinds.Pod, json["metadata"]!["namespace"]!.GetValue<string>(), $"pod-{i}", new DeleteOptions());
            }
        }

        Assert.InRange(bound, 3, 39);
    }

    private static HashSet<string> WhereItFits(ObjectStore store, string pod)
    {
        var state = new ClusterState();
        Feed<V1Node>(Kinds.Node);
        Feed<V1Pod>(Kinds.Pod);
        Feed<V1Namespace>(Kinds.Namespace);
        var cloud = new CloudView { ReadAt = default, Complete = true, Pools = [] };
        var draft = new Draft(state.Take(store.Agenda.Now, cloud, ImmutableDictionary<string, string>.Empty), new Policy());
        var demand = new Demand(draft);
        var placement = new Placement(draft, demand);
        var group = demand.Groups.Single(group => group.Pods.Exists(one => one.Name == pod));
        return [.. placement.Ready.Where(room => room.Fit(group.Class) == Ebb.Scheduling.Causes.None && Placement.Fits(group, room)).Select(room => room.Name)];

        void Feed<T>(Kind kind)
            where T : V1Object => state.Replace([.. store.List(kind).Select(found => KubeJson.Read<T>(found.Utf8.Span))]);
    }

    private static JsonObject Node(Random random, int number)
    {
        var labels = new JsonObject { ["kubernetes.io/hostname"] = $"node-{number}", ["generation"] = $"{random.Next(1, 5)}" };
        if (random.Next(6) > 0)
        {
            labels["topology.kubernetes.io/zone"] = $"zone-{number % 3}";
        }

        if (random.Next(2) == 0)
        {
            labels["disk"] = "ssd";
        }

        var taints = new JsonArray();
        if (random.Next(4) == 0)
        {
            taints.Add(new JsonObject { ["key"] = "for", ["value"] = "gpu", ["effect"] = random.Next(2) == 0 ? "NoSchedule" : "PreferNoSchedule" });
        }

        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = $"node-{number}", ["labels"] = labels },
            ["spec"] = new JsonObject { ["taints"] = taints, ["unschedulable"] = random.Next(8) == 0 },
            ["status"] = new JsonObject
            {
                ["allocatable"] = new JsonObject
                {
                    ["cpu"] = "4",
                    ["memory"] = "8Gi",
                    ["pods"] = $"{random.Next(4, 12)}",
                    ["nvidia.com/gpu"] = $"{random.Next(0, 2)}",
                },
                ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
            },
        };
    }

    private static JsonObject Pod(Random random, int number)
    {
        var requests = new JsonObject { ["cpu"] = $"{random.Next(1, 12) * 100}m", ["memory"] = $"{random.Next(1, 20) * 100}Mi" };
        if (random.Next(8) == 0)
        {
            requests["nvidia.com/gpu"] = "1";
        }

        var container = new JsonObject { ["name"] = "c", ["image"] = "i", ["resources"] = new JsonObject { ["requests"] = requests } };
        if (random.Next(6) == 0)
        {
            container["ports"] = new JsonArray(new JsonObject { ["containerPort"] = 80, ["hostPort"] = 8000 + random.Next(2), ["protocol"] = "TCP" });
        }

        var spec = new JsonObject
        {
            ["schedulerName"] = "default-scheduler",
            ["containers"] = new JsonArray(container),
            ["affinity"] = Affinity(random),
        };
        if (random.Next(4) == 0)
        {
            spec["nodeSelector"] = new JsonObject { ["disk"] = "ssd" };
        }

        if (random.Next(4) == 0)
        {
            spec["tolerations"] = new JsonArray(random.Next(2) == 0
                ? new JsonObject { ["operator"] = "Exists" }
                : new JsonObject { ["key"] = "for", ["operator"] = "Equal", ["value"] = "gpu", ["effect"] = "NoSchedule" });
        }

        if (random.Next(4) == 0)
        {
            var constraint = new JsonObject
            {
                ["maxSkew"] = random.Next(1, 3),
                ["topologyKey"] = TopologyKeys[random.Next(2)],
                ["whenUnsatisfiable"] = "DoNotSchedule",
                ["labelSelector"] = Selector(random),
            };
            if (random.Next(3) == 0)
            {
                constraint["minDomains"] = random.Next(1, 5);
            }

            if (random.Next(3) == 0)
            {
                constraint["nodeTaintsPolicy"] = "Honor";
            }

            if (random.Next(3) == 0)
            {
                constraint["nodeAffinityPolicy"] = "Ignore";
            }

            if (random.Next(3) == 0)
            {
                constraint["matchLabelKeys"] = new JsonArray("tier");
            }

            spec["topologySpreadConstraints"] = new JsonArray(constraint);
        }

        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = $"pod-{number}",
                ["namespace"] = random.Next(4) == 0 ? "kube-public" : "default",
                ["labels"] = new JsonObject { ["app"] = Apps[random.Next(3)], ["tier"] = $"{random.Next(2)}" },
            },
            ["spec"] = spec,
            ["status"] = new JsonObject { ["phase"] = "Pending" },
        };
    }

    private static JsonObject Affinity(Random random)
    {
        var affinity = new JsonObject();
        if (random.Next(4) == 0)
        {
            (string Operator, string Key, string[] Values)[] choices =
            [
                ("In", "disk", ["ssd", "hdd"]), ("NotIn", "disk", ["ssd"]), ("Exists", "disk", []), ("DoesNotExist", "disk", []),
                ("Gt", "generation", ["2"]), ("Lt", "generation", ["3"]),
            ];
            var (how, key, values) = choices[random.Next(choices.Length)];
            affinity["nodeAffinity"] = Required(new JsonObject
            {
                ["nodeSelectorTerms"] = new JsonArray(
                    new JsonObject
                    {
                        ["matchExpressions"] = new JsonArray(Expression(key, how, values)),
                    },
                    new JsonObject
                    {
                        ["matchFields"] = new JsonArray(Expression("metadata.name", "In", ["node-1"])),
                    }),
            });
        }

        if (random.Next(5) == 0)
        {
            affinity["podAffinity"] = Required(new JsonArray(Term(random)));
        }

        if (random.Next(5) == 0)
        {
            affinity["podAntiAffinity"] = Required(new JsonArray(Term(random)));
        }

        return affinity;
    }

    private static JsonObject Required(JsonNode what) => new() { ["requiredDuringSchedulingIgnoredDuringExecution"] = what };

    private static JsonObject Term(Random random)
    {
        var term = new JsonObject { ["topologyKey"] = TopologyKeys[random.Next(2)], ["labelSelector"] = Selector(random) };
        switch (random.Next(4))
        {
            case 0:
                term["namespaces"] = new JsonArray("kube-public", "default");
                break;
            case 1:
                term["namespaceSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["kubernetes.io/metadata.name"] = "kube-public" } };
                break;
            case 2:
                term["namespaceSelector"] = new JsonObject();
                break;
        }

        return term;
    }

    private static JsonObject Selector(Random random) => random.Next(3) switch
    {
        0 => new JsonObject { ["matchExpressions"] = new JsonArray(Expression("app", "NotIn", [Apps[random.Next(3)]])) },
        1 => new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = Apps[random.Next(3)], ["tier"] = "0" } },
        _ => new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = Apps[random.Next(3)] } },
    };

    private static JsonObject Expression(string key, string how, string[] values)
    {
        var expression = new JsonObject { ["key"] = key, ["operator"] = how };
        if (values.Length > 0)
        {
            expression["values"] = new JsonArray([.. values.Select(value => (JsonNode)value)]);
        }

        return expression;
    }
}
