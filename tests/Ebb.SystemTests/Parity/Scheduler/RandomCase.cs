using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>Makes up a case from a seed: small clusters, so that most nodes matter.</summary>
internal sealed class RandomCase
{
    public const string Zone = "topology.kubernetes.io/zone";
    public const string OldZone = "failure-domain.beta.kubernetes.io/zone";

    private static readonly string[] Effects = ["NoSchedule", "NoSchedule", "PreferNoSchedule", "NoExecute"];
    private static readonly string[] ClaimClasses = ["now", "wait", "wait-zone", "local", "local", "missing"];

    private readonly Random _random;
    private readonly Theme _theme;

    private RandomCase(int seed)
    {
        _random = new Random(seed);
        var themes = Enum.GetValues<Theme>();

        // Volumes that are made on demand take the real scheduler a second each.
        _theme = _random.Next(12) == 0 ? Theme.Volumes : themes[_random.Next(themes.Length - 1)];
    }

    public static SchedulerCase Of(int seed) => new RandomCase(seed).Make(seed);

    private SchedulerCase Make(int seed)
    {
        var nodes = Enumerable.Range(0, _random.Next(1, 7)).Select(Node).ToList();
        var volumes = new List<JsonObject>();
        var claims = new List<JsonObject>();
        for (var i = 0; _theme is Theme.Volumes && i < 6; i++)
        {
            AddVolume(i, volumes, claims);
        }

        var pods = new RandomPod(_random, _theme, nodes.Count, [.. claims.Select(claim => (string)claim["metadata"]!["name"]!)]);
        return new SchedulerCase
        {
            Seed = seed,
            Nodes = [.. nodes],
            Volumes = [.. volumes],
            Claims = [.. claims],
            Placed = [.. Enumerable.Range(0, _random.Next(8)).Select(i => pods.Placed($"placed-{i}", $"node-{_random.Next(nodes.Count)}"))],
            Waiting = [.. Enumerable.Range(0, _random.Next(3, 9)).Select(i => pods.Waiting($"pod-{i}"))],
        };
    }

    private bool Once(int inHowMany) => _random.Next(inHowMany) == 0;

    private JsonObject Node(int number)
    {
        var labels = new JsonObject { ["kubernetes.io/hostname"] = $"node-{number}", ["generation"] = Once(8) ? "new" : $"{_random.Next(1, 5)}" };
        if (!Once(5))
        {
            labels[Zone] = $"zone-{_random.Next(3)}";
        }

        if (Once(3))
        {
            labels[OldZone] = (string?)labels[Zone] ?? "zone-0";
        }

        if (Once(2))
        {
            labels["disk"] = Once(3) ? "hdd" : "ssd";
        }

        var spec = new JsonObject { ["taints"] = Taints() };
        if (Once(7))
        {
            spec["unschedulable"] = true;
        }

        var amounts = new JsonObject
        {
            ["cpu"] = Once(3) ? "1500m" : $"{_random.Next(1, 4)}",
            ["memory"] = Once(3) ? "2G" : $"{_random.Next(1, 4)}Gi",
            ["ephemeral-storage"] = $"{_random.Next(1, 10)}Gi",
            ["pods"] = $"{(Once(3) ? _random.Next(0, 4) : 110)}",
            ["example.com/gpu"] = $"{_random.Next(3)}",
            ["hugepages-2Mi"] = Once(2) ? "0" : "64Mi",
        };
        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = $"node-{number}", ["labels"] = labels },
            ["spec"] = spec,
            ["status"] = new JsonObject
            {
                ["capacity"] = amounts,
                ["allocatable"] = amounts.DeepClone(),
                ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
            },
        };
    }

    private JsonArray Taints()
    {
        var taints = new JsonArray();
        foreach (var key in new[] { "for", "kept", "node.kubernetes.io/memory-pressure" })
        {
            if (Once(_theme is Theme.Nodes ? 4 : 10))
            {
                var taint = new JsonObject { ["key"] = key, ["effect"] = Effects[_random.Next(Effects.Length)] };
                if (!Once(3))
                {
                    taint["value"] = Once(2) ? "gpu" : "cpu";
                }

                taints.Add(taint);
            }
        }

        return taints;
    }

    private void AddVolume(int number, List<JsonObject> volumes, List<JsonObject> claims)
    {
        var bound = _random.Next(3) > 0;
        var storageClass = bound ? "wait" : ClaimClasses[_random.Next(ClaimClasses.Length)];
        var claim = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = $"claim-{number}", ["namespace"] = "default" },
            ["spec"] = new JsonObject
            {
                ["accessModes"] = new JsonArray("ReadWriteOnce"),
                ["storageClassName"] = storageClass,
                ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = Once(3) ? "2Gi" : "1Gi" } },
            },
        };
        claims.Add(claim);
        if (bound && Once(10))
        {
            // Bound by hand, and not seen by the controller of volumes yet.
            claim["spec"]!["volumeName"] = $"volume-{number}";
        }
        else if (bound)
        {
            claim["metadata"]!["annotations"] = new JsonObject { ["pv.kubernetes.io/bind-completed"] = "yes" };
            claim["spec"]!["volumeName"] = $"volume-{number}";
        }

        // A claim may be bound to a volume that is gone, a volume may lie about that nobody claims.
        if (!Once(bound ? 4 : 2))
        {
            volumes.Add(Volume(number, bound, storageClass));
        }
    }

    private JsonObject Volume(int number, bool bound, string storageClass)
    {
        var spec = new JsonObject
        {
            ["capacity"] = new JsonObject { ["storage"] = "1Gi" },
            ["accessModes"] = new JsonArray(Once(6) ? "ReadOnlyMany" : "ReadWriteOnce"),
            ["storageClassName"] = storageClass,
            ["hostPath"] = new JsonObject { ["path"] = "/tmp" },
        };
        if (bound)
        {
            spec["claimRef"] = new JsonObject { ["namespace"] = "default", ["name"] = $"claim-{number}" };
        }

        if (Once(2))
        {
            var terms = new JsonArray(new JsonObject
            {
                ["matchExpressions"] = new JsonArray(RandomWishes.Expression(Once(2) ? Zone : "kubernetes.io/hostname", "In", [$"zone-{_random.Next(3)}", $"node-{_random.Next(3)}"])),
            });
            spec["nodeAffinity"] = new JsonObject { ["required"] = new JsonObject { ["nodeSelectorTerms"] = terms } };
        }

        var labels = new JsonObject();
        if (Once(3))
        {
            labels[Once(2) ? Zone : OldZone] = Once(3) ? "zone-0__zone-1" : $"zone-{_random.Next(3)}";
        }

        return new JsonObject { ["metadata"] = new JsonObject { ["name"] = $"volume-{number}", ["labels"] = labels }, ["spec"] = spec };
    }
}

/// <summary>What a case is mostly about; the last only when it is asked for.</summary>
internal enum Theme
{
    Mixed,
    Resources,
    Nodes,
    Ports,
    Spread,
    Affinity,
    Priorities,
    Volumes,
}
