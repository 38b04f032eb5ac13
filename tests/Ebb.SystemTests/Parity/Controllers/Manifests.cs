using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>The plainest object of each kind; a scenario merges into it what it is about.</summary>
internal static class Manifests
{
    /// <summary>In <paramref name="more"/>, "onOwnNodes" puts the pods onto the scenario's own nodes.</summary>
    public static JsonObject Of(string kind, string ns, string name, JsonObject? more)
    {
        var manifest = new JsonObject
        {
            ["apiVersion"] = kind switch { "Job" => "batch/v1", "ConfigMap" or "Pod" or "ReplicationController" => "v1", _ => "apps/v1" },
            ["kind"] = kind,
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns, ["labels"] = new JsonObject { ["app"] = name } },
        };
        switch (kind)
        {
            case "Pod":
                manifest["spec"] = PodSpec();
                break;
            case "Job":
                manifest["spec"] = new JsonObject { ["template"] = new JsonObject { ["spec"] = PodSpec() } };
                manifest["spec"]!["template"]!["spec"]!["restartPolicy"] = "Never";
                break;
            case "ReplicationController":
                manifest["spec"] = new JsonObject { ["selector"] = Labels(name), ["template"] = Template(name) };
                break;
            case "Deployment" or "ReplicaSet" or "StatefulSet" or "DaemonSet":
                manifest["spec"] = new JsonObject { ["selector"] = new JsonObject { ["matchLabels"] = Labels(name) }, ["template"] = Template(name) };
                break;
        }

        if (kind == "StatefulSet")
        {
            manifest["spec"]!["serviceName"] = name;
        }

        if (kind == "DaemonSet")
        {
            // On the scenario's own nodes only.
            Merging.Into(manifest["spec"]!["template"]!["spec"]!.AsObject(), OwnNodes(ns));
        }

        var own = (bool?)more?["onOwnNodes"] == true;
        if (own)
        {
            more = more!.DeepClone().AsObject();
            more.Remove("onOwnNodes");
            Merging.Into((kind == "Pod" ? manifest["spec"]! : manifest["spec"]!["template"]!["spec"]!).AsObject(), OwnNodes(ns));
        }

        return Merging.Into(manifest, more);
    }

    /// <summary>What brings pods to the scenario's own nodes.</summary>
    public static JsonObject OwnNodes(string ns) => new()
    {
        ["nodeSelector"] = new JsonObject { [Player.ScenarioLabel] = ns },
        ["tolerations"] = new JsonArray(new JsonObject { ["key"] = Player.ScenarioLabel, ["operator"] = "Exists" }),
    };

    private static JsonObject Labels(string name) => new() { ["app"] = name };

    private static JsonObject Template(string name) => new()
    {
        ["metadata"] = new JsonObject { ["labels"] = Labels(name) },
        ["spec"] = PodSpec(),
    };

    private static JsonObject PodSpec() => new()
    {
        ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "x:1" }),
    };
}
