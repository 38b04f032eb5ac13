using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>
/// The Kubernetes API over a store, without HTTP: requests in, responses out, at once, under the agenda's gate. The face
/// puts it on the network; simulations call it as it is.
/// </summary>
public sealed class KubeApi
{
    private readonly ObjectStore _store;
    private readonly Catalog _catalog = new();
    private readonly Rendering _rendering;
    private readonly Lists _lists;
    private readonly Watches _watches;
    private readonly ObjectVerbs _verbs;
    private readonly PatchVerb _patches;
    private readonly PodVerbs _pods;
    private readonly OtherSubresources _others;
    private readonly Reviews _reviews;
    private readonly Metrics _metrics;
    private readonly Documents _documents;
    private readonly Authorizer _authorizer;

    public KubeApi(ObjectStore store)
    {
        _store = store;
        _rendering = new Rendering(store);
        _lists = new Lists(store, _rendering);
        _watches = new Watches(store, _lists, _rendering);
        var admission = new Admission(store);
        _verbs = new ObjectVerbs(store, _lists, _rendering, admission);
        _patches = new PatchVerb(store, _verbs);
        _pods = new PodVerbs(store, _verbs);
        _authorizer = new Authorizer(store);
        Tokens = new Tokens(store);
        _others = new OtherSubresources(store, _verbs, Tokens);
        _reviews = new Reviews(_authorizer, Tokens);
        _metrics = new Metrics(store);
        _documents = new Documents(_catalog, Tokens);
        store.Admission = admission.Admit;
        store.Subscribe(FollowDefinitions);
        Namespaces = new Namespaces(store);
    }

    public ObjectStore Store => _store;

    /// <summary>The release that it says it is, for example <c>v1.34.1+k3s1</c>; it behaves as it always does. Under the gate.</summary>
    public string Release
    {
        get => _documents.Release;
        set => _documents.Release = value;
    }

    /// <summary>The service accounts' tokens.</summary>
    public Tokens Tokens { get; }

    /// <summary>Reads what a container has written; null while nothing keeps logs.</summary>
    public ReadLog? Logs { get; set; }

    /// <summary>What pods use, for the metrics API; by default what they request while they run.</summary>
    public Func<KubeObject, (long CpuMilli, long MemoryBytes)?>? PodUsage
    {
        get => _metrics.PodUsage;
        set => _metrics.PodUsage = value;
    }

    internal Namespaces Namespaces { get; }

    /// <summary>Puts in place what every new cluster has: its namespaces with their accounts, roles, priority classes.</summary>
    /// <param name="authorityPem">The certificate of the API's authority, which each namespace holds as a ConfigMap.</param>
    public void Seed(string authorityPem = "")
    {
        lock (_store.Agenda.Gate)
        {
            Seeding.Seed(_store, Namespaces, authorityPem);
        }
    }

    /// <summary>Answers a request; what it refuses is a Status, never an exception.</summary>
    public ApiResponse Handle(ApiRequest request)
    {
        lock (_store.Agenda.Gate)
        {
            try
            {
                return Dispatch(request);
            }
            catch (ApiException e)
            {
                return Refused(e);
            }
            catch (InvalidOperationException e) when (e.Message.Contains("depth", StringComparison.OrdinalIgnoreCase))
            {
                // A patch has nested the object more deeply than anything can be read back.
                return Refused(ApiException.BadRequest("the object is nested too deeply"));
            }
        }
    }

    /// <summary>Opens a watch: a GET of a collection with "watch=1". Events come under the gate, in order.</summary>
    /// <exception cref="ApiException">When the watch is refused.</exception>
    public ApiWatch Watch(ApiRequest request, Action<WatchEvent> onEvent)
    {
        lock (_store.Agenda.Gate)
        {
            var call = Resolve(request, out var path);
            _authorizer.Demand(request.User, path!, "watch", call.Resource.Kind.Resource);
            return _watches.Open(call, Accept.Read(request.Accept, list: true), onEvent);
        }
    }

    /// <summary>Whether a request is a watch, which <see cref="Handle"/> does not answer.</summary>
    public static bool IsWatch(ApiRequest request) => request.Method == "GET"
        && ResourcePath.Read(request.Path) is { } path
        && (path.Watch || (path is { Plural.Length: > 0, Name.Length: 0 } && new Query(request.Query).IsTrue("watch")));

    /// <summary>What a pod's log holds; the face follows it by asking again.</summary>
    /// <exception cref="ApiException">404 without such a pod, 400 without such a container.</exception>
    public (KubeObject Pod, string Container, LogOptions Options) ResolveLog(ApiRequest request)
    {
        lock (_store.Agenda.Gate)
        {
            return _pods.ResolveLog(Resolve(request, out _));
        }
    }

    public static ApiResponse Refused(ApiException refusal) => new(refusal.Code, Versions.Bytes(refusal.ToStatus()))
    {
        RetryAfterSeconds = refusal.RetryAfterSeconds,
    };

    private ApiResponse Dispatch(ApiRequest request)
    {
        if (ResourcePath.Read(request.Path) is null)
        {
            _authorizer.DemandPath(request.User, request.Path, request.Method.ToLowerInvariant());
        }

        if (_documents.Find(request) is { } document)
        {
            _authorizer.DemandPath(request.User, request.Path, request.Method.ToLowerInvariant());
            return document;
        }

        if (_reviews.Find(request) is { } review)
        {
            return review;
        }

        if (ResourcePath.Read(request.Path) is { Group: "metrics.k8s.io" } metrics)
        {
            _authorizer.Demand(request.User, metrics, metrics.Name.Length > 0 ? "get" : "list", metrics.Plural + ".metrics.k8s.io");
            return _metrics.Answer(request, metrics);
        }

        if (Reviews.Has(request.Path))
        {
            throw ApiException.NotAllowed();
        }

        var call = Resolve(request, out var path);
        var verb = VerbOf(request, call);
        _authorizer.Demand(request.User, path!, verb, call.Resource.Kind.Resource);
        var form = request.Method == "GET" && call.Subresource == "log" ? Form.Object
            : Accept.Read(request.Accept, verb is "list" or "deletecollection");
        if (call.Subresource.Length > 0 && call.Subresource is not "status")
        {
            return call.Resource.Kind.Equals(Kinds.Pod)
                ? _pods.Answer(call, form, Logs) : _others.Answer(call, form);
        }

        if (call.Subresource == "status" && !call.Resource.Kind.HasStatus)
        {
            throw ApiException.NoSuchPath();
        }

        if (call.Subresource == "status" && verb is "create" or "delete")
        {
            throw ApiException.NotAllowed();
        }

        return verb switch
        {
            "get" => _verbs.Get(call, form),
            "list" => _lists.Answer(call, form),
            "create" => _verbs.Create(call, form),
            "update" => _verbs.Update(call, form),
            "patch" => _patches.Answer(call, form),
            "delete" => _verbs.Delete(call, form),
            "deletecollection" => _verbs.DeleteAll(call, form),
            _ => throw ApiException.NotAllowed(),
        };
    }

    private Call Resolve(ApiRequest request, out ResourcePath? path)
    {
        path = ResourcePath.Read(request.Path);
        if (path is null || path.Plural.Length == 0)
        {
            throw ApiException.NoSuchPath();
        }

        var resource = path is { Group: "", Version: "v1", Plural: "bindings" }
            ? _catalog.Stored(Kinds.Pod)
            : _catalog.Find(path.Group, path.Version, path.Plural) ?? throw ApiException.NoSuchPath();
        if (resource.Kind.Namespaced && path.Namespace.Length == 0 && path.Name.Length > 0)
        {
            throw ApiException.NoSuchPath();
        }

        if (!resource.Kind.Namespaced && path.Namespace.Length > 0)
        {
            throw ApiException.NoSuchPath();
        }

        return new Call(request, new Query(request.Query), resource)
        {
            Namespace = path.Namespace,
            Name = path.Name,
            Subresource = path.Plural == "bindings" ? "binding" : path.Subresource,
            Knows = _catalog.Knows,
        };
    }

    private static string VerbOf(ApiRequest request, Call call) => request.Method switch
    {
        "GET" => call.Name.Length > 0 ? "get" : "list",
        "POST" when (call.Name.Length == 0 || call.Subresource.Length > 0)
            && (call.Namespace.Length > 0 || !call.Resource.Kind.Namespaced) => "create",
        "PUT" => call.Name.Length > 0 ? "update" : throw ApiException.NotAllowed(),
        "PATCH" => call.Name.Length > 0 ? "patch" : throw ApiException.NotAllowed(),
        "DELETE" when call.Name.Length > 0 => "delete",
        "DELETE" when call.Namespace.Length > 0
            || !(call.Resource.Kind.Namespaced || call.Resource.Kind.Equals(Kinds.Namespace)) => "deletecollection",
        _ => throw ApiException.NotAllowed(),
    };

    private void FollowDefinitions(StoreEvent change)
    {
        if (!change.Object.Kind.Equals(Kinds.CustomResourceDefinition))
        {
            return;
        }

        if (change.Type is not StoreEventType.Deleted)
        {
            _catalog.Define(change.Object.Json);
            return;
        }

        var kinds = _catalog.All.Where(r => r.Group == change.Object.Json.Text("spec", "group")
            && r.Kind.Plural == change.Object.Json.Text("spec", "names", "plural")).Select(r => r.Kind).Distinct().ToList();
        foreach (var item in kinds.SelectMany(kind => _store.List(kind)))
        {
            _store.Delete(item.Kind, item.Namespace, item.Name, DeleteOptions.Now);
        }

        _catalog.Forget(change.Object.Json);
    }
}
