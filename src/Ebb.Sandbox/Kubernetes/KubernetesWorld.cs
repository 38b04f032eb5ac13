using Ebb.Sandbox.Kubernetes.Api;
using Ebb.Sandbox.Kubernetes.Controllers;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Scheduling;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes;

/// <summary>A Kubernetes cluster without I/O: the object store and all that lives on its events, on one agenda.</summary>
public sealed class KubernetesWorld
{
    public KubernetesWorld(Agenda agenda, KubernetesOptions options)
    {
        // A stream for each part: what one draws does not shift what another does.
        var random = new Random(options.Seed);
        Options = options;
        Store = new ObjectStore(agenda, new Random(random.Next()));
        Api = new KubeApi(Store);
        var events = new EventRecorder(Store, options.EventsKept);
        var strays = new Strays(Store);
        var context = new ControllerContext(Store, events, strays, options.ControllerDelay);
        var scheduler = new Scheduler(Store, events, options.Scheduler, new Random(random.Next()));
        var lifecycle = new NodeLifecycle(context, options.NodeGrace);
        Kubelets = new HollowKubelets(new StoreKubeletApi(Store, events), options.Hollow, new Random(random.Next()), lifecycle.Tell);
        Store.Subscribe(strays.See);
        Store.Subscribe(scheduler.See);
        Store.Subscribe(new JobController(context).See);
        Store.Subscribe(new CronJobController(context).See);
        Store.Subscribe(new DeploymentController(context).See);
        Store.Subscribe(new ReplicaSetController(context, Kinds.ReplicaSet).See);
        Store.Subscribe(new ReplicaSetController(context, Kinds.ReplicationController).See);
        Store.Subscribe(new StatefulSetController(context).See);
        Store.Subscribe(new DaemonSetController(context).See);
        Store.Subscribe(new VolumeController(context).See);
        Store.Subscribe(new EndpointsController(context).See);
        Store.Subscribe(new DisruptionController(context).See);
        Store.Subscribe(lifecycle.See);
        Store.Subscribe(new TaintEviction(context).See);
        Store.Subscribe(new PodCollector(context).See);
        Store.Subscribe(new GarbageCollector(context).See);
        Store.Subscribe(Kubelets.See);
        Api.Logs = Kubelets.Log;
        Api.PodUsage = Kubelets.UsageOf;
    }

    public KubernetesOptions Options { get; }

    public ObjectStore Store { get; }

    public KubeApi Api { get; }

    public Agenda Agenda => Store.Agenda;

    public HollowKubelets Kubelets { get; }

    /// <summary>The node's kubelet is started anew by another release; its pods run on, as they do when a kubelet restarts.</summary>
    public void RunRelease(string node, string release)
    {
        Kubelets.Find(node)?.Become(release);
        if (Store.Get(Kinds.Node, "", node) is { } found)
        {
            Store.Update(found, json => NodeObject.SetRelease(json, release));
        }
    }

    /// <summary>Creates what every cluster begins with. Once, before anything else.</summary>
    /// <param name="authorityPem">The certificate of the authority behind the API's own, where it is served over TLS.</param>
    public void Begin(string authorityPem = "") => Api.Seed(authorityPem);
}
