using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Api;

namespace Ebb.Tests.Sandbox.Kubernetes;

public sealed class KubeApiTests : ApiFixture
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Jobs = "/apis/batch/v1/namespaces/default/jobs";
    private const string Deployments = "/apis/apps/v1/namespaces/default/deployments";

    private const string Pod = """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","labels":{"app":"a"}},
         "spec":{"containers":[{"name":"c","image":"busybox","resources":{"limits":{"cpu":"1","memory":"1Gi"}}}]}}
        """;

    private const string Deployment = """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},
         "spec":{"selector":{"matchLabels":{"app":"a"}},"template":{"metadata":{"labels":{"app":"a"}},
         "spec":{"containers":[{"name":"c","image":"busybox:1"}]}}}}
        """;

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
    public void The_status_endpoint_leaves_the_spec_alone_and_the_other_way_round()
    {
        Created(Deployments, Deployment);

        Send("PATCH", Deployments + "/d/status", """{"spec":{"replicas":9},"status":{"replicas":5}}""", "application/merge-patch+json");
        var (_, after) = Send("PATCH", Deployments + "/d", """{"spec":{"replicas":7},"status":{"replicas":6}}""", "application/merge-patch+json");

        Assert.Equal(7, (int?)after["spec"]!["replicas"]);
        Assert.Equal(5, (int?)after["status"]!["replicas"]);
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
    public void Pages_show_the_state_of_the_first_one()
    {
        foreach (var name in new[] { "a", "b", "c" })
        {
            Created("/api/v1/nodes", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        }

        var (_, first) = Send("GET", "/api/v1/nodes?limit=2");
        Send("DELETE", "/api/v1/nodes/c");
        var token = Uri.EscapeDataString((string)first["metadata"]!["continue"]!);
        var (_, second) = Send("GET", "/api/v1/nodes?limit=2&continue=" + token);

        Assert.Equal(1, (int?)first["metadata"]!["remainingItemCount"]);
        Assert.Equal("c", (string?)second["items"]![0]!["metadata"]!["name"]);
        Assert.Equal((string?)first["metadata"]!["resourceVersion"], (string?)second["metadata"]!["resourceVersion"]);
        Assert.Null(first["items"]![0]!["kind"]);
    }

    [Fact]
    public void An_old_continue_token_is_gone()
    {
        Created("/api/v1/nodes", """{"metadata":{"name":"a"}}""");
        Created("/api/v1/nodes", """{"metadata":{"name":"b"}}""");
        var (_, first) = Send("GET", "/api/v1/nodes?limit=1");
        Time.Advance(TimeSpan.FromMinutes(11));
        Send("GET", "/api/v1/nodes?limit=1&labelSelector=a!=b");

        var (code, status) = Send(
            "GET", "/api/v1/nodes?limit=1&continue=" + Uri.EscapeDataString((string)first["metadata"]!["continue"]!));
        var (again, rest) = Send(
            "GET", "/api/v1/nodes?limit=1&continue=" + Uri.EscapeDataString((string)status["metadata"]!["continue"]!));

        Assert.Equal(410, code);
        Assert.Equal("Expired", (string?)status["reason"]);
        Assert.Equal(200, again);
        Assert.Equal("b", (string?)rest["items"]![0]!["metadata"]!["name"]);
    }

    [Fact]
    public void A_watch_tells_of_what_enters_and_leaves_its_selection()
    {
        Created(Pods, Pod);
        var seen = new List<(string Type, long Version)>();
        using var watch = Api.Watch(
            Request("GET", "/api/v1/pods?watch=1&labelSelector=app%3Da&resourceVersion=" + Store.ResourceVersion),
            e => seen.Add((e.Type, e.ResourceVersion)));

        Send("PATCH", Pods + "/p", """{"metadata":{"labels":{"x":"1"}}}""", "application/merge-patch+json");
        Send("PATCH", Pods + "/p", """{"metadata":{"labels":{"app":"b"}}}""", "application/merge-patch+json");
        Send("PATCH", Pods + "/p", """{"metadata":{"labels":{"app":"a"}}}""", "application/merge-patch+json");
        Send("DELETE", Pods + "/p");

        Assert.Equal(["MODIFIED", "DELETED", "ADDED", "DELETED"], seen.Select(e => e.Type));
        Assert.Equal(seen.Select(e => e.Version).Order(), seen.Select(e => e.Version));
    }

    [Fact]
    public void A_watch_without_a_version_begins_with_all_there_is()
    {
        Created(Pods, Pod);
        var seen = new List<WatchEvent>();

        using var watch = Api.Watch(
            Request("GET", "/api/v1/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"),
            seen.Add);

        Assert.Equal(["ADDED", "BOOKMARK"], seen.Select(e => e.Type));
        Assert.Equal("true", (string?)JsonNode.Parse(seen[1].Object.Span)!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]);
    }

    [Fact]
    public void A_watch_from_before_the_compaction_is_expired()
    {
        Created(Pods, Pod);
        Store.Compact();

        var refused = Assert.Throws<ApiException>(() => Api.Watch(Request("GET", "/api/v1/pods?watch=1&resourceVersion=1"), _ => { }));

        Assert.Equal(410, refused.Code);
        Assert.StartsWith("too old resource version: 1", refused.Message, StringComparison.Ordinal);
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
    public void A_dry_run_changes_nothing()
    {
        var before = Store.ResourceVersion;

        var (code, _) = Send("POST", Pods + "?dryRun=All", Pod);

        Assert.Equal(201, code);
        Assert.Equal(before, Store.ResourceVersion);
        Assert.Equal(404, Send("GET", Pods + "/p").Code);
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
    public void A_custom_kind_is_served_once_it_is_defined()
    {
        Created("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
            {"metadata":{"name":"tides.ebb.dev"},"spec":{"group":"ebb.dev","scope":"Namespaced",
             "names":{"plural":"tides","kind":"Tide"},"versions":[{"name":"v1","served":true,"storage":true,
             "subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",
             "properties":{"height":{"type":"integer"}}}}}}}]}}
            """);

        var made = Created("/apis/ebb.dev/v1/namespaces/default/tides", """
            {"apiVersion":"ebb.dev/v1","kind":"Tide","metadata":{"name":"t"},"spec":{"height":3,"other":1}}
            """);
        var (strategic, _) = Send("PATCH", "/apis/ebb.dev/v1/namespaces/default/tides/t", "{}", "application/strategic-merge-patch+json");
        Send("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tides.ebb.dev");

        Assert.Equal(3, (int?)made["spec"]!["height"]);
        Assert.Null(made["spec"]!["other"]);
        Assert.Equal(415, strategic);
        Assert.Equal(404, Send("GET", "/apis/ebb.dev/v1/namespaces/default/tides").Code);
    }

    [Fact]
    public void Rbac_decides_for_those_who_are_not_masters()
    {
        var reader = new User("eve", "system:authenticated");
        var before = Send("GET", "/api/v1/nodes", user: reader);
        Created("/apis/rbac.authorization.k8s.io/v1/clusterroles", """{"metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["nodes"],"verbs":["list"]}]}""");
        Created("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """{"metadata":{"name":"r"},"roleRef":{"kind":"ClusterRole","name":"r"},"subjects":[{"kind":"User","name":"eve"}]}""");

        var after = Send("GET", "/api/v1/nodes", user: reader);
        var (_, review) = Send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", """{"spec":{"resourceAttributes":{"verb":"delete","resource":"nodes"}}}""", user: reader);

        Assert.Equal(403, before.Code);
        Assert.Equal(
            "nodes is forbidden: User \"eve\" cannot list resource \"nodes\" in API group \"\" at the cluster scope",
            (string?)before.Body["message"]);
        Assert.Equal(200, after.Code);
        Assert.False((bool)review["status"]!["allowed"]!);
    }

    [Fact]
    public void A_token_says_whose_it_is_until_it_expires()
    {
        var (_, request) = Send("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", """{"spec":{"expirationSeconds":600}}""");
        var token = (string)request["status"]!["token"]!;

        var now = Api.Tokens.Check(token);
        Time.Advance(TimeSpan.FromSeconds(601));

        Assert.Equal("system:serviceaccount:default:default", now!.Name);
        Assert.Null(Api.Tokens.Check(token));
        Assert.Null(Api.Tokens.Check(token[..^3] + "abc"));
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

    [Fact]
    public void An_update_without_the_servers_own_metadata_that_changes_nothing_keeps_the_version()
    {
        const string path = "/api/v1/namespaces/default/configmaps";
        const string body = """{"metadata":{"name":"a"},"data":{"x":"1"}}""";
        var made = Created(path, body);

        var (_, again) = Send("PUT", path + "/a", body);

        Assert.Equal((string?)made["metadata"]!["resourceVersion"], (string?)again["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public void A_list_at_an_earlier_version_shows_what_was_there_then()
    {
        const string path = "/api/v1/namespaces/kube-public/secrets";
        var first = Created(path, """{"metadata":{"name":"a","labels":{"n":"1"}}}""");
        Created(path, """{"metadata":{"name":"b"}}""");
        Send("PATCH", path + "/a", """{"metadata":{"labels":{"n":"2"}}}""", "application/merge-patch+json");

        var (_, then) = Send("GET", $"{path}?resourceVersionMatch=Exact&resourceVersion={first["metadata"]!["resourceVersion"]}");

        Assert.Equal("1", (string?)Assert.Single(then["items"]!.AsArray())!["metadata"]!["labels"]!["n"]);
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

    [Theory]
    [InlineData("""{"height":21}""", "spec.height in body should be less than or equal to 20")]
    [InlineData("""{"height":"high"}""", "spec.height in body must be of type integer")]
    [InlineData("""{}""", "spec.height: Required value")]
    [InlineData("""{"height":1,"moon":"half"}""", "supported values: \"new\", \"full\"")]
    public void A_custom_object_is_held_against_its_schema(string spec, string why)
    {
        Created("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
            {"metadata":{"name":"tides.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"kind":"Tide","plural":"tides"},
             "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",
             "required":["height"],"properties":{"height":{"type":"integer","maximum":20},"moon":{"type":"string","enum":["new","full"],"default":"new"}}}}}}}]}}
            """);
        const string path = "/apis/example.com/v1/namespaces/default/tides";

        var (code, status) = Send("POST", path, $$$$"""{"apiVersion":"example.com/v1","kind":"Tide","metadata":{"name":"a"},"spec":{{{{spec}}}}}""");
        var made = Created(path, """{"apiVersion":"example.com/v1","kind":"Tide","metadata":{"name":"b"},"spec":{"height":3}}""");

        Assert.Equal(422, code);
        Assert.Contains(why, (string?)status["message"], StringComparison.Ordinal);
        Assert.Equal("new", (string?)made["spec"]!["moon"]);
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

    [Theory]
    [InlineData("n>4", "b")]
    [InlineData("n<4", "a")]
    [InlineData("n in (3,4),!x", "a")]
    [InlineData(" n = 5 ", "b")]
    public void Labels_are_selected_by_number_and_by_set(string selector, string name)
    {
        const string path = "/api/v1/namespaces/kube-public/secrets";
        Created(path, """{"metadata":{"name":"a","labels":{"n":"3"}}}""");
        Created(path, """{"metadata":{"name":"b","labels":{"n":"5"}}}""");
        Created(path, """{"metadata":{"name":"c"}}""");

        var (_, found) = Send("GET", $"{path}?labelSelector={Uri.EscapeDataString(selector)}");

        Assert.Equal(name, (string?)Assert.Single(found["items"]!.AsArray())!["metadata"]!["name"]);
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
