using System.Text.Json.Nodes;
using Ebb.Sandbox;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation;

namespace Ebb.Tests.Sandbox.Kubernetes;

public sealed class ObjectStoreTests : IDisposable
{
    private readonly VirtualTime _time = new();
    private readonly Agenda _agenda;
    private readonly ObjectStore _store;

    public ObjectStoreTests()
    {
        _agenda = new Agenda(_time);
        _store = new ObjectStore(_agenda, new Random(1));
    }

    public void Dispose() => _agenda.Dispose();

    [Fact]
    public void A_new_object_gets_what_the_server_gives_it()
    {
        var made = _store.Create(Kinds.Job, Parse("""{"metadata":{"name":"frames"},"spec":{"parallelism":2}}"""));

        Assert.Equal("default", made.Namespace);
        Assert.Equal("frames", made.Name);
        Assert.Equal(36, made.Uid.Length);
        Assert.Equal("batch/v1", (string?)made.Json["apiVersion"]);
        Assert.Equal("Job", (string?)made.Json["kind"]);
        Assert.Equal("2026-01-01T00:00:00Z", (string?)made.Metadata["creationTimestamp"]);
        Assert.Equal(1, (long?)made.Metadata["generation"]);
        Assert.Equal(made.ResourceVersion.ToString(), (string?)made.Metadata["resourceVersion"]);
    }

    [Fact]
    public void The_same_seed_gives_the_same_names_and_uids()
    {
        using var agenda = new Agenda(new VirtualTime());
        var other = new ObjectStore(agenda, new Random(1));

        var one = _store.Create(Kinds.Pod, Parse("""{"metadata":{"generateName":"frames-"}}"""));
        var two = other.Create(Kinds.Pod, Parse("""{"metadata":{"generateName":"frames-"}}"""));

        Assert.StartsWith("frames-", one.Name, StringComparison.Ordinal);
        Assert.Equal(one.Name, two.Name);
        Assert.Equal(one.Uid, two.Uid);
    }

    [Fact]
    public void Every_write_of_any_kind_takes_the_next_resource_version()
    {
        var job = _store.Create(Kinds.Job, Parse("""{"metadata":{"name":"a"}}"""));
        var node = _store.Create(Kinds.Node, Parse("""{"metadata":{"name":"a"}}"""));
        var changed = _store.Update(job, j => j["spec"] = Parse("""{"suspend":true}"""));

        Assert.Equal(job.ResourceVersion + 1, node.ResourceVersion);
        Assert.Equal(node.ResourceVersion + 1, changed.ResourceVersion);
    }

    [Fact]
    public void An_update_that_changes_nothing_keeps_the_version_and_tells_nobody()
    {
        var made = _store.Create(Kinds.Job, Parse("""{"metadata":{"name":"a"},"spec":{"parallelism":2}}"""));
        var events = new List<StoreEvent>();
        using var subscription = _store.Subscribe(events.Add);

        var same = _store.Update(made, j => j["spec"]!["parallelism"] = 2);

        Assert.Same(made, same);
        Assert.Empty(events);
    }

    [Fact]
    public void Only_a_changed_spec_raises_the_generation()
    {
        var made = _store.Create(Kinds.Job, Parse("""{"metadata":{"name":"a"},"spec":{"parallelism":2}}"""));

        var status = _store.Update(made, j => j["status"] = Parse("""{"active":1}"""));
        var spec = _store.Update(status, j => j["spec"]!["parallelism"] = 3);

        Assert.Equal(1, (long?)status.Metadata["generation"]);
        Assert.Equal(2, (long?)spec.Metadata["generation"]);
        Assert.Equal(2, (int?)made.Json["spec"]!["parallelism"]);
    }

    [Fact]
    public void A_stale_update_is_a_conflict()
    {
        var made = _store.Create(Kinds.Node, Parse("""{"metadata":{"name":"a"}}"""));
        _store.Update(made, j => j["spec"] = Parse("""{"unschedulable":true}"""));

        var refused = Assert.Throws<ApiException>(() => _store.Update(made, j => j["spec"] = new JsonObject()));

        Assert.Equal(409, refused.Code);
        Assert.Equal("Conflict", refused.Reason);
    }

    [Fact]
    public void A_name_is_taken_once()
    {
        _store.Create(Kinds.Deployment, Parse("""{"metadata":{"name":"a"}}"""));

        var refused = Assert.Throws<ApiException>(
            () => _store.Create(Kinds.Deployment, Parse("""{"metadata":{"name":"a"}}""")));

        Assert.Equal("deployments.apps \"a\" already exists", refused.Message);
        Assert.Equal("AlreadyExists", refused.Reason);
    }

    [Fact]
    public void Lists_are_ordered_by_namespace_and_name()
    {
        foreach (var (ns, name) in new[] { ("b", "x"), ("a", "z"), ("a-b", "y"), ("a", "b") })
        {
            _store.Create(Kinds.Pod, new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
            });
        }

        Assert.Equal(["a/b", "a/z", "a-b/y", "b/x"], _store.List(Kinds.Pod).Select(p => p.Namespace + "/" + p.Name));
        Assert.Equal(["b", "z"], _store.List(Kinds.Pod, "a").Select(p => p.Name));
        Assert.Empty(_store.List(Kinds.Pod, "c"));
    }

    [Fact]
    public void A_write_inside_a_subscription_is_told_of_afterwards_in_order()
    {
        var seen = new List<string>();
        using var first = _store.Subscribe(change =>
        {
            if (change.Type == StoreEventType.Added)
            {
                _store.Update(change.Object, j => j["spec"] = Parse("""{"a":1}"""));
            }
        });
        using var second = _store.Subscribe(change => seen.Add($"{change.Type} {change.Object.Name}"));

        _store.Create(Kinds.Node, Parse("""{"metadata":{"name":"n"}}"""));

        Assert.Equal(["Added n", "Modified n"], seen);
    }

    [Fact]
    public void A_bound_pod_keeps_its_grace_period_until_it_is_confirmed()
    {
        _store.Create(Kinds.Pod, Parse("""
            {"metadata":{"name":"p"},"spec":{"nodeName":"n","terminationGracePeriodSeconds":20},"status":{"phase":"Running"}}
            """));

        var asked = _store.Delete(Kinds.Pod, "default", "p", DeleteOptions.Default);
        var again = _store.Delete(Kinds.Pod, "default", "p", DeleteOptions.Default);
        var confirmed = _store.Delete(Kinds.Pod, "default", "p", DeleteOptions.Now);

        Assert.False(asked.Gone);
        Assert.Equal("2026-01-01T00:00:20Z", (string?)asked.Object.Metadata["deletionTimestamp"]);
        Assert.Equal(asked.Object.ResourceVersion, again.Object.ResourceVersion);
        Assert.True(confirmed.Gone);
        Assert.Null(_store.Get(Kinds.Pod, "default", "p"));
    }

    [Fact]
    public void A_pod_on_no_node_goes_at_once()
    {
        _store.Create(Kinds.Pod, Parse("""{"metadata":{"name":"p"}}"""));

        Assert.True(_store.Delete(Kinds.Pod, "default", "p", DeleteOptions.Default).Gone);
    }

    [Fact]
    public void An_object_with_finalizers_goes_when_the_last_one_is_taken_off()
    {
        var made = _store.Create(Kinds.Job, Parse("""{"metadata":{"name":"j","finalizers":["a/b"]}}"""));
        var events = new List<StoreEvent>();
        using var subscription = _store.Subscribe(events.Add);

        var marked = _store.Delete(Kinds.Job, "default", "j", DeleteOptions.Default);
        _store.Update(marked.Object, j => j["metadata"]!.AsObject().Remove("finalizers"));

        Assert.False(marked.Gone);
        Assert.Equal([StoreEventType.Modified, StoreEventType.Deleted], events.Select(e => e.Type));
        Assert.Null(_store.Get(Kinds.Job, "default", made.Name));
    }

    [Fact]
    public void Foreground_deletion_waits_behind_its_finalizer()
    {
        _store.Create(Kinds.Job, Parse("""{"metadata":{"name":"j"}}"""));

        var marked = _store.Delete(
            Kinds.Job, "default", "j", new DeleteOptions { Propagation = Propagation.Foreground });

        Assert.False(marked.Gone);
        Assert.Equal("foregroundDeletion", (string?)marked.Object.Metadata["finalizers"]![0]);
    }

    [Fact]
    public void Pods_are_found_by_owner_and_by_node()
    {
        var pod = _store.Create(Kinds.Pod, Parse("""
            {"metadata":{"name":"p","ownerReferences":[{"kind":"Job","uid":"u1"}]},"spec":{}}
            """));
        Assert.Empty(_store.PodsOn("n1"));

        var bound = _store.Update(pod, j => j["spec"]!["nodeName"] = "n1");

        Assert.Same(bound, Assert.Single(_store.PodsOn("n1")));
        Assert.Same(bound, Assert.Single(_store.OwnedBy("u1")));
        _store.Delete(Kinds.Pod, "default", "p", DeleteOptions.Now);
        Assert.Empty(_store.PodsOn("n1"));
        Assert.Empty(_store.OwnedBy("u1"));
    }

    [Fact]
    public void History_tells_what_came_after_a_version_until_it_is_compacted()
    {
        var first = _store.Create(Kinds.Node, Parse("""{"metadata":{"name":"a"}}"""));
        var second = _store.Create(Kinds.Node, Parse("""{"metadata":{"name":"b"}}"""));

        Assert.Same(second, Assert.Single(_store.Since(Kinds.Node, first.ResourceVersion)!).Object);
        _store.Compact();
        Assert.Null(_store.Since(Kinds.Node, first.ResourceVersion));
        Assert.Empty(_store.Since(Kinds.Node, _store.ResourceVersion)!);
    }

    [Fact]
    public void Nothing_new_enters_a_namespace_that_is_being_deleted()
    {
        _store.Create(Kinds.Namespace, Parse("""{"metadata":{"name":"team"},"spec":{"finalizers":["kubernetes"]}}"""));
        _store.Delete(Kinds.Namespace, "", "team", DeleteOptions.Default);

        var refused = Assert.Throws<ApiException>(
            () => _store.Create(Kinds.Pod, Parse("""{"metadata":{"name":"p","namespace":"team"}}""")));

        Assert.Equal(403, refused.Code);
        Assert.Equal("NamespaceTerminating", (string?)refused.ToStatus()["details"]!["causes"]![0]!["reason"]);
    }

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
