using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>What happens to every new object before it is stored, whoever makes it: defaults, and what depends on others.</summary>
internal sealed class Admission(ObjectStore store)
{
    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";
    private const int TolerationSeconds = 300;

    // 10.96.0.0/12, of which 10.96.0.1 is the API's own.
    private const int FirstServiceAddress = 0x0A60000A;
    private const int FirstNodePort = 30_000;

    private int _services;
    private int _nodePorts;

    public void Admit(Kind kind, JsonObject json)
    {
        Defaults.Apply(kind, json);
        StatusDefaults.Apply(kind, json);
        if (kind.Equals(Kinds.Pod))
        {
            Pod(json);
        }
        else if (kind.Equals(Kinds.Job))
        {
            JobDefaults.Select(json);
        }
        else if (kind.Equals(Kinds.Service))
        {
            Service(json["spec"]!.AsObject());
        }
        else if (kind.Equals(Kinds.CustomResourceDefinition))
        {
            Definition(json);
        }
    }

    private void Pod(JsonObject json)
    {
        var (ns, name) = (json.Text("metadata", "namespace")!, json.Text("metadata", "name")!);
        var spec = json["spec"]!.AsObject();
        spec.Default("enableServiceLinks", true);
        PodDefaults.RequestLimits(spec);
        LimitRanges(ns, spec);
        Account(ns, name, spec);
        Priority(name, spec);
        Runtime(name, spec);
        Tolerate(spec);
        var status = json.Ensure("status");
        status.Default("phase", "Pending");
        status.Default("qosClass", PodDefaults.QualityOfService(spec));
    }

    private void LimitRanges(string ns, JsonObject spec)
    {
        if (store.Count(Kinds.LimitRange) == 0)
        {
            return;
        }

        var items = store.List(Kinds.LimitRange, ns).SelectMany(range => range.Json.Objects("spec", "limits"))
            .Where(item => item.Text("type") == "Container").ToList();
        foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
        {
            foreach (var item in items)
            {
                Fill(container, "limits", item.Object("default"));
                Fill(container, "requests", item.Object("defaultRequest") ?? item.Object("default"));
            }
        }

        static void Fill(JsonObject container, string part, JsonObject? defaults)
        {
            foreach (var (resource, amount) in defaults ?? [])
            {
                container.Ensure("resources").Ensure(part).Default(resource, amount!.DeepClone());
            }
        }
    }

    private void Account(string ns, string name, JsonObject spec)
    {
        spec.Default("serviceAccountName", "default");
        spec.Default("serviceAccount", spec.Text("serviceAccountName") ?? "default");
        var account = spec.Text("serviceAccountName")!;

        // Worlds without namespaces (a store alone, in tests) have no accounts either.
        if (store.Get(Kinds.Namespace, "", ns) is not null && store.Get(Kinds.ServiceAccount, ns, account) is null)
        {
            throw ApiException.Forbidden(
                "pods",
                name,
                $"error looking up service account {ns}/{account}: serviceaccount \"{account}\" not found");
        }
    }

    private void Priority(string name, JsonObject spec)
    {
        var wanted = spec.Text("priorityClassName");
        KubeObject? found;
        if (string.IsNullOrEmpty(wanted))
        {
            found = store.List(Kinds.PriorityClass).FirstOrDefault(c => c.Json.IsTrue("globalDefault"));
            if (found is not null)
            {
                spec["priorityClassName"] = found.Name;
            }
        }
        else
        {
            found = store.Get(Kinds.PriorityClass, "", wanted)
                ?? throw ApiException.Forbidden("pods", name, $"no PriorityClass with name {wanted} was found");
        }

        var computed = found?.Json.Whole("value") ?? 0;
        if (spec.Whole("priority") is { } given && given != computed)
        {
            throw ApiException.Forbidden(
                "pods",
                name,
                $"the integer value of priority ({given}) must not be provided in pod spec; priority admission controller " +
                $"computed {computed} from the given PriorityClass name");
        }

        spec["priority"] = computed;
        spec.Default("preemptionPolicy", found?.Json.Text("preemptionPolicy") ?? "PreemptLowerPriority");
    }

    private void Runtime(string pod, JsonObject spec)
    {
        if (spec.Text("runtimeClassName") is not { Length: > 0 } name)
        {
            return;
        }

        var found = store.Get(Kinds.RuntimeClass, "", name)
            ?? throw ApiException.Forbidden("pods", pod, $"pod rejected: RuntimeClass \"{name}\" not found");
        if (found.Json.At("overhead", "podFixed") is { } overhead)
        {
            spec.Default("overhead", overhead.DeepClone());
        }
    }

    private static void Tolerate(JsonObject spec)
    {
        var tolerations = spec.Array("tolerations") ?? [];
        foreach (var taint in new[] { NotReady, Unreachable })
        {
            var tolerated = tolerations.Any(t =>
                (t.Text("key") == taint || string.IsNullOrEmpty(t.Text("key")))
                && t.Text("effect") is null or "" or "NoExecute");
            if (!tolerated)
            {
                tolerations.Add(new JsonObject
                {
                    ["key"] = taint,
                    ["operator"] = "Exists",
                    ["effect"] = "NoExecute",
                    ["tolerationSeconds"] = TolerationSeconds,
                });
            }
        }

        spec["tolerations"] = tolerations;
    }

    /// <summary>Keeps what a Service has been given, and gives it what it needs now.</summary>
    public void Change(JsonNode? before, JsonObject spec)
    {
        if (spec.Text("type") != "ExternalName" && before.Text("type") != "ExternalName" && before?["clusterIP"] is { } address)
        {
            spec.Default("clusterIP", address.DeepClone());
            if (before["clusterIPs"] is { } addresses)
            {
                spec.Default("clusterIPs", addresses.DeepClone());
            }
        }

        if (spec.Text("type") is "NodePort" or "LoadBalancer")
        {
            foreach (var port in spec.Objects("ports").Where(port => port.Whole("nodePort") is null or 0))
            {
                var same = before.Objects("ports").FirstOrDefault(old =>
                    old.Whole("port") == port.Whole("port") && old.Text("protocol") == port.Text("protocol"));
                if (same?["nodePort"] is { } open)
                {
                    port["nodePort"] = open.DeepClone();
                }
            }
        }

        Service(spec);
    }

    private void Service(JsonObject spec)
    {
        if (spec.Text("type") != "ExternalName")
        {
            if (string.IsNullOrEmpty(spec.Text("clusterIP")))
            {
                var address = FirstServiceAddress + _services++;
                spec["clusterIP"] =
                    $"{(address >> 24) & 255}.{(address >> 16) & 255}.{(address >> 8) & 255}.{address & 255}";
            }

            spec.Default("clusterIPs", new JsonArray(spec.Text("clusterIP")));
        }

        if (spec.Text("type") is "NodePort" or "LoadBalancer")
        {
            foreach (var port in spec.Objects("ports"))
            {
                if (port.Whole("nodePort") is null or 0)
                {
                    port["nodePort"] = FirstNodePort + (_nodePorts++ % 2768);
                }
            }
        }
    }

    private void Definition(JsonObject json)
    {
        var now = Timestamps.Seconds(store.Agenda.Now);
        JsonObject Condition(string type, string reason, string message) => new()
        {
            ["type"] = type,
            ["status"] = "True",
            ["lastTransitionTime"] = now,
            ["reason"] = reason,
            ["message"] = message,
        };
        json["status"] = new JsonObject
        {
            ["conditions"] = new JsonArray(
                Condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                Condition("Established", "InitialNamesAccepted", "the initial names have been accepted")),
            ["acceptedNames"] = json.At("spec", "names")?.DeepClone(),
            ["storedVersions"] = new JsonArray([.. json.Objects("spec", "versions")
                .Where(v => v.IsTrue("storage")).Select(v => v["name"]?.DeepClone())]),
        };
    }
}
