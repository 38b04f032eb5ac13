namespace Ebb.Tests.Sandbox.Kubernetes;

public sealed class SubresourceTests : ApiFixture
{
    [Fact]
    public void The_status_endpoint_leaves_the_spec_alone_and_the_other_way_round()
    {
        Created(Deployments, Deployment);

        Send("PATCH", Deployments + "/d/status", """{"spec":{"replicas":9},"status":{"replicas":5}}""", "application/merge-patch+json");
        var (_, after) = Send("PATCH", Deployments + "/d", """{"spec":{"replicas":7},"status":{"replicas":6}}""", "application/merge-patch+json");

        Assert.Equal(7, (int?)after["spec"]!["replicas"]);
        Assert.Equal(5, (int?)after["status"]!["replicas"]);
    }

    [Fact]
    public void A_pod_is_bound_once()
    {
        Created(Pods, Pod);
        const string body = """{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},"target":{"kind":"Node","name":"n1"}}""";

        var (first, _) = Send("POST", Pods + "/p/binding", body);
        var (second, status) = Send("POST", Pods + "/p/binding", body);

        Assert.Equal(201, first);
        Assert.Equal(409, second);
        Assert.Contains("pod p is already assigned to node \"n1\"", (string?)status["message"], StringComparison.Ordinal);
        Assert.Equal("n1", (string?)Send("GET", Pods + "/p").Body["spec"]!["nodeName"]);
    }

    [Fact]
    public void An_eviction_takes_from_the_budget_and_is_refused_when_it_is_used_up()
    {
        Created(Pods, Pod);
        Created(Pods, Pod.Replace("\"p\"", "\"q\"", StringComparison.Ordinal));
        Created("/apis/policy/v1/namespaces/default/poddisruptionbudgets", """
            {"metadata":{"name":"b"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"a"}}}}
            """);
        foreach (var pod in new[] { "p", "q" })
        {
            Send("PATCH", $"{Pods}/{pod}/status", """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""", "application/merge-patch+json");
        }

        Send("PATCH", "/apis/policy/v1/namespaces/default/poddisruptionbudgets/b/status", """
            {"status":{"disruptionsAllowed":1,"currentHealthy":2,"desiredHealthy":1,"expectedPods":2,"observedGeneration":1}}
            """, "application/merge-patch+json");

        var (first, _) = Send("POST", Pods + "/p/eviction", """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"}}""");
        var (second, status) = Send("POST", Pods + "/q/eviction", """{"apiVersion":"policy/v1beta1","kind":"Eviction","metadata":{"name":"q"}}""");

        Assert.Equal(201, first);
        Assert.Equal(429, second);
        Assert.Equal("Cannot evict pod as it would violate the pod's disruption budget.", (string?)status["message"]);
        Assert.Equal("DisruptionBudget", (string?)status["details"]!["causes"]![0]!["reason"]);
        Assert.Equal(404, Send("GET", Pods + "/p").Code);
        Assert.Equal(200, Send("GET", Pods + "/q").Code);
    }

    [Fact]
    public void Scale_is_read_and_written()
    {
        Created(Deployments, Deployment);

        Send("PATCH", Deployments + "/d/scale", """{"spec":{"replicas":3}}""", "application/merge-patch+json");
        var (_, scale) = Send("GET", Deployments + "/d/scale");

        Assert.Equal(3, (int?)scale["spec"]!["replicas"]);
        Assert.Equal("app=a", (string?)scale["status"]!["selector"]);
    }
}
