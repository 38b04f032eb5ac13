using System.Text.Json.Nodes;
using Ebb.Sandbox;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;
using Ebb.Simulation;

namespace Ebb.Tests.Sandbox.World;

/// <summary>A Kubernetes world on a virtual clock, and short words for what tests do to it.</summary>
internal sealed class WorldUnderTest : IDisposable
{
    public WorldUnderTest(KubernetesOptions? options = null)
    {
        Agenda = new Agenda(Time);
        World = new KubernetesWorld(Agenda, options ?? new KubernetesOptions());
        World.Begin();
        World.Kubelets.Interrupted += Interruptions.Add;
    }

    public VirtualTime Time { get; } = new();

    public Agenda Agenda { get; }

    public KubernetesWorld World { get; }

    public ObjectStore Store => World.Store;

    public List<Interruption> Interruptions { get; } = [];

    public void Dispose() => Agenda.Dispose();

    public void Pass(double seconds) => Time.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>Boots hollow machines and waits until they are Ready.</summary>
    public void Nodes(int count, Func<HollowNode, HollowNode>? but = null)
    {
        for (var i = 0; i < count; i++)
        {
            var node = new HollowNode { Name = $"node-{i}", ProviderId = $"test://node-{i}" };
            World.Kubelets.Start(but?.Invoke(node) ?? node);
        }

        Pass(10);
    }

    public HollowKubelet Node(HollowNode node)
    {
        var kubelet = World.Kubelets.Start(node);
        Pass(10);
        return kubelet;
    }

    public KubeObject Create(Kind kind, string json) => Store.Create(kind, JsonNode.Parse(json)!.AsObject());

    public KubeObject? Get(Kind kind, string name) => Store.Get(kind, "default", name);

    public void Edit(Kind kind, string name, Action<JsonObject> change) =>
        Store.Update(Get(kind, name)!, change);

    public void Delete(Kind kind, string name, DeleteOptions? options = null) =>
        Store.Delete(kind, "default", name, options ?? DeleteOptions.Default);

    public KubeObject Pod(string name, string spec, string metadata = "") => Create(
        Kinds.Pod,
        "{\"metadata\":{\"name\":\"" + name + "\"" + (metadata.Length > 0 ? "," + metadata : "") + "},"
        + "\"spec\":{\"terminationGracePeriodSeconds\":30," + spec + "}}");

    public KubeObject Job(string name, string spec, string podSpec) => Create(
        Kinds.Job,
        "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{" + spec + (spec.Length > 0 ? "," : "")
        + "\"template\":{\"spec\":{\"restartPolicy\":\"Never\"," + podSpec + "}}}}");

    public IReadOnlyList<PodView> Pods(string ns = "default") => [.. Store.List(Kinds.Pod, ns).Select(PodView.Of)];

    public PodView? PodNamed(string name) => Get(Kinds.Pod, name) is { } pod ? PodView.Of(pod) : null;

    public NodeView NodeNamed(string name) => NodeView.Of(Store.Get(Kinds.Node, "", name)!);

    public string? Condition(Kind kind, string name, string type) => Get(kind, name)?.Json.Condition(type).Text("status");

    /// <summary>A container that runs a shell script, asking for CPU.</summary>
    public static string Runs(string script, string cpu = "100m") =>
        "\"containers\":[{\"name\":\"main\",\"image\":\"busybox\",\"command\":[\"sh\",\"-c\","
        + JsonValue.Create(script).ToJsonString()
        + "],\"resources\":{\"requests\":{\"cpu\":\"" + cpu + "\",\"memory\":\"64Mi\"}}}]";
}
