using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Api;

namespace Ebb.Tests.Sandbox.Kubernetes;

public sealed class WatchAndPageTests : ApiFixture
{
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
}
