using System.Text;
using System.Text.Json;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;

namespace Ebb.Tests.Kubernetes;

public class KubeJsonTests
{
    [Fact]
    public void A_pod_is_read_and_what_nobody_reads_is_dropped()
    {
        var pod = Read<V1Pod>(
            """
            {"kind":"Pod","apiVersion":"v1","metadata":{"name":"frame-1","namespace":"farm","uid":"u1","resourceVersion":"42",
             "creationTimestamp":"2026-03-01T10:00:00Z","managedFields":[{"manager":"x"}],"labels":{"app":"frames"},
             "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}","a":"b"},
             "ownerReferences":[{"kind":"Job","name":"frames","uid":"j1","controller":true}]},
             "spec":{"nodeName":"n1","containers":[{"name":"c","image":"busybox","resources":{"requests":{"cpu":"100m","memory":"64Mi"}}}],
              "volumes":[{"name":"v","emptyDir":{}},{"name":"s","secret":{"secretName":"x"}}]},
             "status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastTransitionTime":null}]}}
            """);

        Assert.Equal("frame-1", pod.Metadata.Name);
        Assert.Equal(new DateTimeOffset(2026, 3, 1, 10, 0, 0, TimeSpan.Zero), pod.Metadata.CreationTimestamp);
        Assert.Equal(["a"], pod.Metadata.Annotations!.Keys);
        Assert.True(pod.Metadata.OwnerReferences![0].Controller);
        Assert.Equal("100m", pod.Spec.Containers![0].Resources!.Requests!["cpu"]);
        Assert.NotNull(Assert.Single(pod.Spec.Volumes!).EmptyDir);
        Assert.Equal("Running", pod.Status!.Phase);
    }

    [Fact]
    public void Missing_and_null_members_read_as_their_defaults()
    {
        var pod = Read<V1Pod>("""{"metadata":{"name":null,"labels":null,"ownerReferences":null},"spec":null,"unknown":[1,{"a":2}]}""");
        var daemonSet = Read<V1DaemonSet>("""{"spec":{"template":{"metadata":{"creationTimestamp":null}}}}""");

        Assert.Equal("", pod.Metadata.Name);
        Assert.Equal("", pod.Metadata.Namespace);
        Assert.Null(pod.Metadata.Labels);
        Assert.Null(pod.Spec.Containers);
        Assert.Null(pod.Status);
        Assert.Null(daemonSet.Spec.Template.Spec.NodeName);
    }

    [Fact]
    public void A_bare_number_in_a_map_is_a_quantity()
    {
        var node = Read<V1Node>("""{"status":{"allocatable":{"cpu":4,"pods":"110","x":0.5}}}""");

        Assert.Equal("4", node.Status!.Allocatable!["cpu"]);
        Assert.Equal("0.5", node.Status.Allocatable["x"]);
    }

    [Fact]
    public void Of_a_key_that_comes_twice_the_last_counts() =>
        Assert.Equal("2", Read<V1ConfigMap>("""{"data":{"a":"1","a":"2"}}""").Data!["a"]);

    [Fact]
    public void A_map_of_many_entries_is_read_whole()
    {
        var many = string.Join(',', Enumerable.Range(0, 500).Select(i => $"\"k{i}\":\"v{i}\""));

        var data = Read<V1ConfigMap>($"{{\"data\":{{{many}}}}}").Data!;

        Assert.Equal(500, data.Count);
        Assert.Equal("v499", data["k499"]);
    }

    [Fact]
    public void Strings_maps_and_lists_that_repeat_are_shared()
    {
        const string Json =
            """
            {"metadata":{"name":"a","namespace":"farm","labels":{"app":"frames","tier":"batch"}},
             "spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"1"}},"ports":[{"containerPort":80}]}],
              "tolerations":[{"key":"a","operator":"Exists"},null]}}
            """;

        var (one, other) = (Read<V1Pod>(Json), Read<V1Pod>(Json));

        Assert.Same(one.Metadata.Namespace, other.Metadata.Namespace);
        Assert.Same(one.Metadata.Labels, other.Metadata.Labels);
        Assert.Same(one.Spec.Containers, other.Spec.Containers);
        Assert.Same(one.Spec.Tolerations, other.Spec.Tolerations);
        Assert.Equal("a", Assert.Single(one.Spec.Tolerations!).Key);
    }

    [Fact]
    public void Escapes_and_other_alphabets_survive()
    {
        var map = Read<V1ConfigMap>("""{"data":{"a\tb":"grün \u00fc 🌊","ü":"x"}}""").Data!;

        Assert.Equal("grün ü 🌊", map["a\tb"]);
        Assert.Equal("x", map["ü"]);
    }

    [Fact]
    public void A_lease_writes_its_times_with_six_digits_and_everything_else_whole_seconds()
    {
        var at = new DateTimeOffset(2026, 3, 1, 10, 0, 5, TimeSpan.FromHours(1));
        var lease = new V1Lease
        {
            ApiVersion = "coordination.k8s.io/v1",
            Kind = "Lease",
            Metadata = new() { Name = "l", Namespace = "n", CreationTimestamp = at },
            Spec = new() { HolderIdentity = "me", RenewTime = at, LeaseDurationSeconds = 15 },
        };

        var json = Encoding.UTF8.GetString(KubeJson.Write(lease));

        Assert.Contains("\"renewTime\":\"2026-03-01T09:00:05.000000Z\"", json, StringComparison.Ordinal);
        Assert.Contains("\"creationTimestamp\":\"2026-03-01T09:00:05Z\"", json, StringComparison.Ordinal);
        Assert.DoesNotContain("acquireTime", json, StringComparison.Ordinal);
        Assert.Equal(at, KubeJson.Read<V1Lease>(KubeJson.Write(lease)).Spec.RenewTime);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"metadata":7}""")]
    [InlineData("""{"metadata":{"labels":["a"]}}""")]
    [InlineData("""{"metadata":{"labels":{"a":{}}}}""")]
    [InlineData("""{"metadata":{"creationTimestamp":"yesterday"}}""")]
    [InlineData("""{"spec":{"priority":"high"}}""")]
    public void What_is_no_such_object_is_refused(string json) =>
        Assert.Throws<JsonException>(() => Read<V1Pod>(json));

    private static T Read<T>(string json)
        where T : class =>
        KubeJson.Read<T>(Encoding.UTF8.GetBytes(json));
}
