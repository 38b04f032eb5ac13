using System.Text.Json.Nodes;

namespace Ebb.Tests.Sandbox.Kubernetes;

public sealed class KubeApiTests : ApiFixture
{
    [Fact]
    public void The_API_says_that_it_is_the_release_that_it_was_told()
    {
        var before = Send("GET", "/version").Body["gitVersion"]!.GetValue<string>();
        Api.Release = "v1.31.5+k3s1";

        var after = Send("GET", "/version").Body;

        Assert.NotEqual("v1.31.5+k3s1", before);
        Assert.Equal(("v1.31.5+k3s1", "31"), (after["gitVersion"]!.GetValue<string>(), after["minor"]!.GetValue<string>()));
    }

    [Fact]
    public void A_new_pod_gets_its_defaults()
    {
        var pod = Created(Pods, Pod);

        Assert.Equal("Always", (string?)pod["spec"]!["restartPolicy"]);
        Assert.Equal("default", (string?)pod["spec"]!["serviceAccountName"]);
        Assert.Equal("1", (string?)pod["spec"]!["containers"]![0]!["resources"]!["requests"]!["cpu"]);
        Assert.Equal("Always", (string?)pod["spec"]!["containers"]![0]!["imagePullPolicy"]);
        Assert.Equal(2, pod["spec"]!["tolerations"]!.AsArray().Count);
        Assert.Equal("Pending", (string?)pod["status"]!["phase"]);
        Assert.Equal("Guaranteed", (string?)pod["status"]!["qosClass"]);
    }

    [Fact]
    public void What_is_missing_is_named_in_the_refusal()
    {
        var (code, status) = Send("POST", Pods, """
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c"}]}}
            """);

        Assert.Equal(422, code);
        Assert.Equal(
            "Pod \"p\" is invalid: spec.containers[0].image: Required value", (string?)status["message"]);
        Assert.Equal("FieldValueRequired", (string?)status["details"]!["causes"]![0]!["reason"]);
        Assert.Equal("spec.containers[0].image", (string?)status["details"]!["causes"]![0]!["field"]);
    }

    [Fact]
    public void An_unknown_field_is_refused_warned_of_or_ignored_as_asked()
    {
        var body = Pod.Replace("\"containers\"", "\"containres\":[],\"containers\"", StringComparison.Ordinal);

        var (strict, refusal) = Send("POST", Pods + "?fieldValidation=Strict", body);
        var warned = Api.Handle(Request("POST", Pods + "?dryRun=All", body));
        var ignored = Api.Handle(Request("POST", Pods + "?fieldValidation=Ignore", body));

        Assert.Equal(400, strict);
        Assert.Contains("strict decoding error: unknown field \"spec.containres\"", (string?)refusal["message"], StringComparison.Ordinal);
        Assert.Equal("unknown field \"spec.containres\"", Assert.Single(warned.Warnings));
        Assert.Empty(ignored.Warnings);
        Assert.Null(JsonNode.Parse(ignored.Body.Span)!["spec"]!["containres"]);
    }

    [Fact]
    public void A_wrong_type_is_a_bad_request()
    {
        var (code, status) = Send(
            "POST", Deployments, Deployment.Replace("\"selector\"", "\"replicas\":\"x\",\"selector\"", StringComparison.Ordinal));

        Assert.Equal(400, code);
        Assert.Contains("cannot unmarshal string into Go struct field spec.replicas of type int32", (string?)status["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/api/v1/namespaces/default/pods/none", 404, "NotFound", "pods \"none\" not found")]
    [InlineData("GET", "/apis/apps/v1/namespaces/default/deployments/none", 404, "NotFound", "deployments.apps \"none\" not found")]
    [InlineData("GET", "/apis/none/v1/things", 404, "NotFound", "the server could not find the requested resource")]
    [InlineData("POST", "/api/v1/namespaces/default/pods/x", 405, "MethodNotAllowed", "the server does not allow this method on the requested resource")]
    [InlineData("GET", "/api/v1/pods?fieldSelector=spec.foo=1", 400, "BadRequest", "field label not supported: spec.foo")]
    [InlineData("GET", "/api/v1/pods?limit=x", 400, "BadRequest", "strconv.ParseInt: parsing \"x\": invalid syntax")]
    public void Refusals_have_the_servers_own_words(string method, string path, int code, string reason, string message)
    {
        var (found, status) = Send(method, path, "{}");

        Assert.Equal(code, found);
        Assert.Equal(reason, (string?)status["reason"]);
        Assert.Equal(message, (string?)status["message"]);
    }

    [Fact]
    public void A_job_gets_the_selector_of_its_pods()
    {
        var job = Created(Jobs, """
            {"apiVersion":"batch/v1","kind":"Job","metadata":{"generateName":"frames-"},"spec":{"template":{"spec":
             {"restartPolicy":"Never","containers":[{"name":"c","image":"busybox","command":["sleep","5"]}]}}}}
            """);

        var uid = (string?)job["metadata"]!["uid"];
        Assert.Equal(uid, (string?)job["spec"]!["selector"]!["matchLabels"]!["batch.kubernetes.io/controller-uid"]);
        Assert.Equal((string?)job["metadata"]!["name"], (string?)job["spec"]!["template"]!["metadata"]!["labels"]!["job-name"]);
        Assert.Equal(6, (int?)job["spec"]!["backoffLimit"]);
    }

    [Fact]
    public void A_namespace_that_is_deleted_takes_its_contents_along()
    {
        Created("/api/v1/namespaces", """{"metadata":{"name":"team"}}""");
        Created("/api/v1/namespaces/team/pods", Pod);

        Send("DELETE", "/api/v1/namespaces/team");
        Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(404, Send("GET", "/api/v1/namespaces/team").Code);
        Assert.Equal(404, Send("GET", "/api/v1/namespaces/team/pods/p").Code);
    }

    [Fact]
    public void A_new_namespace_has_an_account_and_the_authority()
    {
        Created("/api/v1/namespaces", """{"metadata":{"name":"team"}}""");

        Assert.Equal(200, Send("GET", "/api/v1/namespaces/team/serviceaccounts/default").Code);
        Assert.Equal(200, Send("GET", "/api/v1/namespaces/team/configmaps/kube-root-ca.crt").Code);
    }

    [Fact]
    public void Events_are_served_under_both_of_their_groups()
    {
        Created("/apis/events.k8s.io/v1/namespaces/default/events", """
            {"metadata":{"name":"e"},"regarding":{"kind":"Pod","name":"p","namespace":"default"},"note":"hello","reason":"R","eventTime":"2026-01-01T00:00:00.000000Z"}
            """);

        var (_, core) = Send("GET", "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=p");

        Assert.Equal("hello", (string?)core["items"]![0]!["message"]);
        Assert.Equal("v1", (string?)core["apiVersion"]);
    }

    [Fact]
    public void Tables_show_what_kubectl_prints()
    {
        Created(Pods, Pod);
        Time.Advance(TimeSpan.FromSeconds(125));

        var (_, table) = Send("GET", Pods, accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");

        Assert.Equal("Table", (string?)table["kind"]);
        Assert.Equal(["p", "0/1", "Pending", "0", "2m5s"], table["rows"]![0]!["cells"]!.AsArray().Take(5).Select(c => (string?)c));
        Assert.Equal("PartialObjectMetadata", (string?)table["rows"]![0]!["object"]!["kind"]);
    }

    [Fact]
    public void Deeply_nested_and_broken_bodies_are_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 500)) + "1" + new string('}', 500);

        Assert.Equal(400, Send("POST", Pods, deep).Code);
        Assert.Equal(400, Send("POST", Pods, "{").Code);
        Assert.Equal(400, Send("POST", Pods, "[]").Code);
        Assert.Equal(413, Send("POST", Pods, "\"" + new string('x', 4_000_000) + "\"").Code);
    }

    [Fact]
    public void Of_a_field_that_is_repeated_the_last_counts_and_objects_are_joined()
    {
        var (code, made) = Send(
            "POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"a"},"metadata":{"name":"b"},"data":{"x":"1"},"data":{"y":"2"}}""");

        Assert.Equal(201, code);
        Assert.Equal("b", (string?)made["metadata"]!["name"]);
        Assert.Equal(2, made["data"]!.AsObject().Count);
    }

    [Theory]
    [InlineData("0.5", "500m")]
    [InlineData("1024Mi", "1Gi")]
    [InlineData("1000m", "1")]
    [InlineData("1.5Gi", "1536Mi")]
    [InlineData("2000", "2k")]
    [InlineData("1e3", "1e3")]
    [InlineData("-0.1", "-100m")]
    [InlineData("0Ki", "0")]
    public void Amounts_are_kept_in_their_shortest_form(string written, string kept)
    {
        var made = Created(
            "/api/v1/namespaces/default/resourcequotas",
            $$$$"""{"metadata":{"name":"q"},"spec":{"hard":{"requests.cpu":"{{{{written}}}}"}}}""");

        Assert.Equal(kept, (string?)made["spec"]!["hard"]!["requests.cpu"]);
    }

    [Fact]
    public void A_deletion_in_the_background_takes_back_that_dependents_were_to_be_orphaned()
    {
        const string path = "/api/v1/namespaces/default/configmaps";
        Created(path, """{"metadata":{"name":"a"}}""");
        Send("DELETE", path + "/a?propagationPolicy=Orphan");

        var (_, held) = Send("GET", path + "/a");
        Send("DELETE", path + "/a?propagationPolicy=Background");

        Assert.Equal("orphan", (string?)held["metadata"]!["finalizers"]![0]);
        Assert.Equal(404, Send("GET", path + "/a").Code);
    }

    [Fact]
    public void Discovery_names_kinds_and_parts()
    {
        var (_, core) = Send("GET", "/api/v1");
        var (_, groups) = Send("GET", "/apis");
        var (_, aggregated) = Send("GET", "/apis", accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json");

        Assert.Contains(core["resources"]!.AsArray(), r => (string?)r!["name"] == "pods/eviction" && (string?)r["group"] == "policy");
        Assert.Contains(groups["groups"]!.AsArray(), g => (string?)g!["name"] == "apps");
        Assert.Equal("APIGroupDiscoveryList", (string?)aggregated["kind"]);
        Assert.Contains(aggregated["items"]!.AsArray(), g => (string?)g!["metadata"]!["name"] == "metrics.k8s.io");
    }
}
