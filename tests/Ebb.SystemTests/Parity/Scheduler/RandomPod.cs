using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>Makes up pods that ask for anything that the scheduler looks at, most of all for what the case is about.</summary>
internal sealed class RandomPod(Random random, Theme theme, int nodes, IReadOnlyList<string> claims)
{
    private static readonly string[] Apps = ["a", "b", "c"];
    private static readonly string[] Protocols = ["TCP", "TCP", "UDP", "SCTP"];
    private static readonly string[] Addresses = ["127.0.0.1", "10.0.0.1", "0.0.0.0", ""];
    private static readonly string[] Effects = ["NoSchedule", "NoExecute", "PreferNoSchedule", ""];
    private static readonly string[] Classes = ["low", "high", "high", "high-patient"];

    private readonly HashSet<(string Node, int Port)> _taken = [];
    private readonly RandomWishes _wishes = new(random, theme, nodes);

    public JsonObject Placed(string name, string node)
    {
        var pod = Waiting(name);
        pod["spec"]!["nodeName"] = node;
        if (theme is Theme.Priorities)
        {
            pod["spec"]!["priorityClassName"] = Once(4) ? "high" : "low";
        }

        foreach (var container in pod["spec"]!["containers"]!.AsArray())
        {
            // Where two pods have one port, the real scheduler takes it for free once the first of them leaves. No scheduler brings that about.
            if (container!["ports"] is JsonArray ports && !ports.All(port => _taken.Add((node, (int)port!["containerPort"]!))))
            {
                container.AsObject().Remove("ports");
            }
        }

        switch (random.Next(10))
        {
            case 0:
                pod["metadata"]!["deletionTimestamp"] = "2026-01-01T00:00:00Z";
                pod["spec"]!["terminationGracePeriodSeconds"] = 3600;

                // Preempted, it would not make room before its time is over.
                pod["spec"]!["priorityClassName"] = "high";
                break;
            case 1:
                pod["status"] = new JsonObject { ["phase"] = Once(2) ? "Succeeded" : "Failed" };
                break;
            case 2:
                pod["status"] = new JsonObject { ["phase"] = "Running" };
                break;
        }

        return pod;
    }

    public JsonObject Waiting(string name)
    {
        // Nobody here stops a container: with no grace a deleted pod is gone at once.
        var spec = new JsonObject { ["terminationGracePeriodSeconds"] = 0, ["containers"] = Containers() };
        if (Often(Theme.Resources, 2, 12))
        {
            spec["initContainers"] = new JsonArray(Container("i", heavy: true), Container("j", heavy: false));
        }

        if (Often(Theme.Resources, 4, 16))
        {
            spec["runtimeClassName"] = Once(3) ? "sealed" : "heavy";
        }

        if (Often(Theme.Nodes, 3, 10))
        {
            spec["nodeSelector"] = new JsonObject { ["disk"] = Once(4) ? "hdd" : "ssd" };
        }

        if (Often(Theme.Nodes, 2, 4))
        {
            spec["tolerations"] = new JsonArray([.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => (JsonNode)Toleration())]);
        }

        if (Often(Theme.Ports, 8, 40))
        {
            spec["hostNetwork"] = true;
        }

        // Releases before 1.25 fall over spread constraints while some pod is nominated.
        if (theme is not Theme.Priorities && Often(Theme.Spread, 1, 6))
        {
            spec["topologySpreadConstraints"] = _wishes.Spread();
        }

        if (theme is Theme.Priorities)
        {
            spec["priorityClassName"] = Classes[random.Next(Classes.Length)];
        }

        var affinity = _wishes.Affinity();
        if (affinity.Count > 0)
        {
            spec["affinity"] = affinity;
        }

        var elsewhere = theme is not Theme.Volumes && Once(4);
        if (theme is Theme.Volumes && !Once(4))
        {
            spec["volumes"] = Volumes();
        }

        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["namespace"] = elsewhere ? "other" : "default",
                ["labels"] = new JsonObject { ["app"] = Apps[random.Next(3)], ["tier"] = $"{random.Next(2)}" },
            },
            ["spec"] = spec,
        };
    }

    private bool Once(int inHowMany) => random.Next(inHowMany) == 0;

    private bool Often(Theme about, int inHowMany, int elseInHowMany) => Once(theme == about ? inHowMany : elseInHowMany);

    private JsonArray Containers()
    {
        var containers = new JsonArray();
        for (var i = random.Next(1, 3); i > 0; i--)
        {
            containers.Add(Container($"c{i}", heavy: theme is Theme.Priorities));
        }

        return containers;
    }

    private JsonObject Container(string name, bool heavy)
    {
        var container = new JsonObject { ["name"] = name, ["image"] = "i", ["resources"] = Resources(heavy) };
        if (Often(Theme.Ports, 1, 10))
        {
            var ports = new JsonArray();
            for (var i = random.Next(1, 3); i > 0; i--)
            {
                ports.Add(Port(i));
            }

            container["ports"] = ports;
        }

        return container;
    }

    private JsonObject Resources(bool heavy)
    {
        var amounts = new JsonObject();
        if (!Once(3))
        {
            amounts["cpu"] = Once(4) ? "0.25" : Once(6) ? "0" : $"{random.Next(1, heavy ? 25 : 10) * 100}m";
        }

        if (!Once(3))
        {
            amounts["memory"] = Once(4) ? "300M" : Once(6) ? "0" : $"{random.Next(1, heavy ? 25 : 10) * 100}Mi";
        }

        if (Often(Theme.Resources, 4, 12))
        {
            amounts["ephemeral-storage"] = $"{random.Next(1, 5)}Gi";
        }

        var resources = new JsonObject();
        if (Often(Theme.Resources, 4, 16))
        {
            var limits = new JsonObject { ["example.com/gpu"] = $"{random.Next(1, 3)}" };
            if (Once(3) && amounts.ContainsKey("cpu") && amounts.ContainsKey("memory"))
            {
                limits["hugepages-2Mi"] = $"{random.Next(1, 3) * 20}Mi";
            }

            resources["limits"] = limits;
        }

        // A limit without a request is one.
        if (amounts.Count > 0)
        {
            resources[resources.Count == 0 && Once(4) ? "limits" : "requests"] = amounts;
        }

        return resources;
    }

    private JsonObject Port(int number)
    {
        var port = new JsonObject { ["containerPort"] = 8000 + number, ["protocol"] = Protocols[random.Next(4)] };
        if (!Once(5))
        {
            port["hostPort"] = 8000 + number;
        }

        if (Once(2))
        {
            port["hostIP"] = Addresses[random.Next(4)];
        }

        return port;
    }

    private JsonObject Toleration()
    {
        var toleration = new JsonObject();
        var effect = Effects[random.Next(4)];
        if (effect.Length > 0)
        {
            toleration["effect"] = effect;
        }

        switch (random.Next(6))
        {
            case 0:
                toleration["operator"] = "Exists";
                break;
            case 1:
                toleration["key"] = "node.kubernetes.io/unschedulable";
                toleration["operator"] = "Exists";
                break;
            case 2:
                toleration["key"] = Once(2) ? "for" : "kept";
                toleration["operator"] = "Exists";
                break;
            default:
                toleration["key"] = Once(2) ? "for" : "kept";
                toleration["value"] = Once(3) ? "" : Once(2) ? "gpu" : "cpu";
                break;
        }

        return toleration;
    }

    private JsonArray Volumes()
    {
        var volumes = new JsonArray();
        foreach (var claim in claims.Append("no-such-claim").Where(_ => random.Next(5) == 0).Take(2))
        {
            volumes.Add(new JsonObject { ["name"] = claim, ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = claim } });
        }

        return volumes;
    }
}
