using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Lists the pods behind each Service, as Endpoints and as one EndpointSlice.</summary>
internal sealed class EndpointsController
{
    private const string ServiceLabel = "kubernetes.io/service-name";

    // Endpoints that a person wrote for a Service without selector carry no such mark.
    private const string Mark = "endpoints.kubernetes.io/last-change-trigger-time";

    private readonly ControllerContext _context;
    private readonly Workqueue<ObjectKey> _queue;

    public EndpointsController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue<ObjectKey>(Reconcile);
    }

    private ObjectStore Store => _context.Store;

    public void See(StoreEvent change)
    {
        var item = change.Object;
        if (item.Kind == Kinds.Service)
        {
            _queue.Add(ObjectKey.Of(item));
        }
        else if (item.Kind == Kinds.Pod && Store.Count(Kinds.Service) > 0)
        {
            var pod = PodView.Of(item);
            foreach (var service in Store.List(Kinds.Service, item.Namespace))
            {
                if (SelectorOf(service) is { } selector && selector.Matches(pod.Labels))
                {
                    _queue.Add(ObjectKey.Of(service));
                }
            }
        }
    }

    private static Selector? SelectorOf(KubeObject service)
    {
        var labels = service.Json["spec"].Map("selector");
        return labels.Count == 0 ? null : Selector.Of(labels);
    }

    private void Reconcile(ObjectKey key)
    {
        if (Store.Get(Kinds.Service, key.Namespace, key.Name) is not { Deleting: false } service)
        {
            // The slice goes by its owner reference, Endpoints by name.
            if (Store.Get(Kinds.Endpoints, key.Namespace, key.Name) is { } orphan
                && orphan.Metadata.At("annotations").Text(Mark) is not null)
            {
                Store.Delete(Kinds.Endpoints, key.Namespace, key.Name, DeleteOptions.Default);
            }

            return;
        }

        if (SelectorOf(service) is not { } selector)
        {
            return;
        }

        var pods = Store.List(Kinds.Pod, key.Namespace)
            .Where(pod => PodView.Of(pod) is { Finished: false } view
                && selector.Matches(view.Labels)
                && pod.Json["status"].Text("podIP") is { Length: > 0 })
            .ToList();
        Put(service, Kinds.Endpoints, key, Endpoints(service, pods));
        Put(service, Kinds.EndpointSlice, new ObjectKey(key.Namespace, key.Name + "-slice"), Slice(service, pods));
    }

    private void Put(KubeObject service, Kind kind, ObjectKey key, JsonObject wanted)
    {
        if (Store.Get(kind, key.Namespace, key.Name) is not { } existing)
        {
            _context.TryCreate(kind, wanted, service);
            return;
        }

        Store.Update(existing, json =>
        {
            foreach (var (name, value) in wanted.Where(field => field.Key != "metadata").ToArray())
            {
                json[name] = value?.DeepClone();
            }
        });
    }

    private JsonObject Endpoints(KubeObject service, List<KubeObject> pods)
    {
        var ready = new JsonArray([.. pods.Where(IsReady).Select(Address)]);
        var unready = new JsonArray([.. pods.Where(pod => !IsReady(pod)).Select(Address)]);
        var subsets = new JsonArray();
        if (ready.Count + unready.Count > 0)
        {
            var subset = new JsonObject();
            if (ready.Count > 0)
            {
                subset["addresses"] = ready;
            }

            if (unready.Count > 0)
            {
                subset["notReadyAddresses"] = unready;
            }

            subset["ports"] = Ports(service, pods);
            subsets.Add(subset);
        }

        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = service.Name,
                ["namespace"] = service.Namespace,
                ["annotations"] = new JsonObject { [Mark] = Timestamps.Seconds(_context.Now) },
            },
            ["subsets"] = subsets,
        };
    }

    private static JsonObject Slice(KubeObject service, List<KubeObject> pods) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = service.Name + "-slice",
            ["namespace"] = service.Namespace,
            ["labels"] = new JsonObject
            {
                [ServiceLabel] = service.Name,
                ["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io",
            },
            ["ownerReferences"] = new JsonArray(Templates.OwnedBy(service)),
        },
        ["addressType"] = "IPv4",
        ["endpoints"] = new JsonArray([.. pods.Select(pod => new JsonObject
        {
            ["addresses"] = new JsonArray(pod.Json["status"].Text("podIP")),
            ["conditions"] = new JsonObject
            {
                ["ready"] = IsReady(pod),
                ["serving"] = PodView.Of(pod).Ready,
                ["terminating"] = pod.Deleting,
            },
            ["nodeName"] = PodView.Of(pod).NodeName,
            ["targetRef"] = Reference(pod),
        })]),
        ["ports"] = Ports(service, pods),
    };

    private static bool IsReady(KubeObject pod) => PodView.Of(pod).Ready && !pod.Deleting;

    private static JsonObject Address(KubeObject pod) => new()
    {
        ["ip"] = pod.Json["status"].Text("podIP"),
        ["nodeName"] = PodView.Of(pod).NodeName,
        ["targetRef"] = Reference(pod),
    };

    private static JsonObject Reference(KubeObject pod) =>
        new() { ["kind"] = "Pod", ["namespace"] = pod.Namespace, ["name"] = pod.Name, ["uid"] = pod.Uid };

    private static JsonArray Ports(KubeObject service, List<KubeObject> pods) =>
    [
        .. service.Json["spec"].Objects("ports").Select(port =>
        {
            var json = new JsonObject();
            json.Put("name", port.Text("name"));
            json["port"] = PortNumber(port, pods);
            json["protocol"] = port.Text("protocol") ?? "TCP";
            return json;
        }),
    ];

    private static long PortNumber(JsonObject port, List<KubeObject> pods)
    {
        if (port.At("targetPort").Text() is { } name)
        {
            return pods
                .SelectMany(pod => pod.Json["spec"].Objects("containers"))
                .SelectMany(container => container.Objects("ports"))
                .FirstOrDefault(p => p.Text("name") == name)
                .Number("containerPort") ?? 0;
        }

        return port.Number("targetPort") ?? port.Number("port") ?? 0;
    }
}
