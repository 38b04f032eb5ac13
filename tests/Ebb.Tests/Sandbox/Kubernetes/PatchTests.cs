using System.Text.Json.Nodes;

namespace Ebb.Tests.Sandbox.Kubernetes;

public sealed class PatchTests : ApiFixture
{
    [Fact]
    public void A_stale_put_is_a_conflict_and_one_without_a_version_is_not()
    {
        var made = Created(Deployments, Deployment);
        var stale = made.DeepClone();
        made["spec"]!["replicas"] = 2;
        var (first, changed) = Send("PUT", Deployments + "/d", made.ToJsonString());
        stale["spec"]!["replicas"] = 3;

        var (second, status) = Send("PUT", Deployments + "/d", stale.ToJsonString());
        stale["metadata"]!.AsObject().Remove("resourceVersion");
        var (third, _) = Send("PUT", Deployments + "/d", stale.ToJsonString());

        Assert.Equal(200, first);
        Assert.Equal(2, (int?)changed["metadata"]!["generation"]);
        Assert.Equal(409, second);
        Assert.Contains("the object has been modified", (string?)status["message"], StringComparison.Ordinal);
        Assert.Equal(200, third);
    }

    [Fact]
    public void A_put_of_the_same_in_another_order_changes_nothing()
    {
        var made = Created(Deployments, Deployment);
        var shuffled = new JsonObject();
        foreach (var (name, value) in made.AsObject().Reverse())
        {
            shuffled[name] = value?.DeepClone();
        }

        var (_, after) = Send("PUT", Deployments + "/d", shuffled.ToJsonString());

        Assert.Equal((string?)made["metadata"]!["resourceVersion"], (string?)after["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public void A_strategic_patch_merges_containers_by_name()
    {
        Created(Deployments, Deployment);

        var (code, after) = Send(
            "PATCH",
            Deployments + "/d",
            """
            {"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"side"},{"name":"c"}],
             "containers":[{"name":"c","image":"busybox:2"},{"name":"side","image":"busybox:3"}]}}}}
            """,
            "application/strategic-merge-patch+json");

        Assert.Equal(200, code);
        var containers = after["spec"]!["template"]!["spec"]!["containers"]!.AsArray();
        Assert.Equal(["side", "c"], containers.Select(c => (string?)c!["name"]));
        Assert.Equal("busybox:2", (string?)containers[1]!["image"]);
        Assert.Equal("IfNotPresent", (string?)containers[1]!["imagePullPolicy"]);
    }

    [Fact]
    public void A_json_patch_whose_test_fails_changes_nothing()
    {
        Created(Deployments, Deployment);

        var (code, _) = Send(
            "PATCH",
            Deployments + "/d",
            """[{"op":"replace","path":"/spec/replicas","value":4},{"op":"test","path":"/spec/paused","value":true}]""",
            "application/json-patch+json");

        Assert.Equal(422, code);
        Assert.Equal(1, (int?)Send("GET", Deployments + "/d").Body["spec"]!["replicas"]);
    }

    [Fact]
    public void A_patch_of_unknown_type_is_refused()
    {
        Created(Deployments, Deployment);

        Assert.Equal(415, Send("PATCH", Deployments + "/d", "{}", "text/plain").Code);
    }

    [Fact]
    public void What_may_not_change_is_refused()
    {
        Created(Deployments, Deployment);
        Created(Pods, Pod);

        var selector = Send("PATCH", Deployments + "/d", """
            {"spec":{"selector":{"matchLabels":{"app":"b"}},"template":{"metadata":{"labels":{"app":"b"}}}}}
            """, "application/merge-patch+json");
        var command = Send("PATCH", Pods + "/p", """{"spec":{"restartPolicy":"Never"}}""", "application/merge-patch+json");

        Assert.Equal(422, selector.Code);
        Assert.Contains("spec.selector: Invalid value", (string?)selector.Body["message"], StringComparison.Ordinal);
        Assert.Equal(422, command.Code);
    }

    [Fact]
    public void A_dry_run_changes_nothing()
    {
        var before = Store.ResourceVersion;

        var (code, _) = Send("POST", Pods + "?dryRun=All", Pod);

        Assert.Equal(201, code);
        Assert.Equal(before, Store.ResourceVersion);
        Assert.Equal(404, Send("GET", Pods + "/p").Code);
    }

    [Fact]
    public void An_update_without_the_servers_own_metadata_that_changes_nothing_keeps_the_version()
    {
        const string path = "/api/v1/namespaces/default/configmaps";
        const string body = """{"metadata":{"name":"a"},"data":{"x":"1"}}""";
        var made = Created(path, body);

        var (_, again) = Send("PUT", path + "/a", body);

        Assert.Equal((string?)made["metadata"]!["resourceVersion"], (string?)again["metadata"]!["resourceVersion"]);
    }
}
