using System.Net;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Simulation;

namespace Ebb.Tests.Kubernetes;

public sealed class EventRecorderTests : IDisposable
{
    private static readonly V1ObjectReference Node = new() { Kind = "Node", Name = "n1", Uid = "u1" };

    private readonly VirtualTime _time = new();
    private readonly FakeApi _api = new() { Otherwise = _ => FakeApi.Response(HttpStatusCode.OK, "{}") };
    private readonly KubeClient _client;
    private readonly EventRecorder _events;

    public EventRecorderTests()
    {
        _client = _api.Client(_time);
        _events = new(_client, "ebb", "host-1", _time, new Random(1));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _client.Dispose();
        _api.Dispose();
    }

    [Fact]
    public async Task The_first_is_written_and_repeats_are_counted_on_it()
    {
        await _events.TellAsync(Node, warning: false, "Retiring", "idle 5 min", Ct);
        _time.Advance(TimeSpan.FromSeconds(10));
        await _events.TellAsync(Node, warning: false, "Retiring", "idle 5 min", Ct);

        var (first, second) = (_api.Requests[0], _api.Requests[1]);
        var written = KubeJson.Read<V1Event>(System.Text.Encoding.UTF8.GetBytes(first.Body));
        Assert.Equal(HttpMethod.Post, first.Method);
        Assert.StartsWith("/api/v1/namespaces/default/events", first.Path, StringComparison.Ordinal);
        Assert.Matches("^n1\\.[0-9a-f]{16}$", written.Metadata.Name);
        Assert.Equal(("Retiring", "idle 5 min", "Normal", 1), (written.Reason, written.Message, written.Type, written.Count));
        Assert.Equal(Node, written.InvolvedObject);
        Assert.Equal(HttpMethod.Patch, second.Method);
        Assert.Equal($"/api/v1/namespaces/default/events/{written.Metadata.Name}?fieldManager=ebb", second.Path);
        Assert.Equal(
            """{"message":"idle 5 min","lastTimestamp":"2026-01-01T00:00:10Z","count":2,"series":{"count":2,"lastObservedTime":"2026-01-01T00:00:10.000000Z"}}""",
            second.Body);
    }

    [Fact]
    public async Task A_first_one_that_has_expired_is_written_anew()
    {
        await _events.TellAsync(Node, false, "Retiring", "idle", Ct);
        _api.Answer(HttpStatusCode.NotFound, FakeApi.Status(404, "NotFound"));
        await _events.TellAsync(Node, false, "Retiring", "idle", Ct);

        Assert.Equal([HttpMethod.Post, HttpMethod.Patch, HttpMethod.Post], _api.Requests.Select(r => r.Method));
    }

    [Fact]
    public async Task Many_texts_under_one_reason_are_combined()
    {
        for (var i = 0; i < 15; i++)
        {
            await _events.TellAsync(Node, false, "Waiting", $"try {i}", Ct);
        }

        Assert.Equal(11, _api.Requests.Count(r => r.Method == HttpMethod.Post));
        Assert.Contains("(combined from similar events): try 14", _api.Requests[^1].Body, StringComparison.Ordinal);
        Assert.Contains("\"count\":5", _api.Requests[^1].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_object_gets_a_burst_and_then_one_per_five_minutes()
    {
        for (var i = 0; i < 100; i++)
        {
            await _events.TellAsync(Node, false, "Waiting", "same", Ct);
        }

        var burst = _api.Requests.Count;
        await _events.TellAsync(Node with { Name = "n2", Uid = "u2" }, false, "Waiting", "same", Ct);
        var another = _api.Requests.Count;
        _time.Advance(TimeSpan.FromMinutes(5));
        await _events.TellAsync(Node, false, "Waiting", "same", Ct);
        await _events.TellAsync(Node, false, "Waiting", "same", Ct);

        Assert.Equal(25, burst);
        Assert.Equal(26, another);
        Assert.Equal(27, _api.Requests.Count);
    }

    [Fact]
    public async Task What_is_told_too_often_silences_nothing_else_about_the_same_object()
    {
        for (var i = 0; i < 100; i++)
        {
            await _events.TellAsync(Node, false, "Admitted", "same", Ct);
        }

        await _events.TellAsync(Node, true, "Refused", "once", Ct);

        Assert.Equal(26, _api.Requests.Count);
        Assert.Contains("Refused", _api.Requests[^1].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_is_cut_to_what_the_server_takes()
    {
        await _events.TellAsync(Node, true, "Odd", new string('x', 5000), Ct);

        var written = KubeJson.Read<V1Event>(System.Text.Encoding.UTF8.GetBytes(_api.Requests[0].Body));
        Assert.Equal(1024, written.Message!.Length);
        Assert.Equal("Warning", written.Type);
    }

    [Fact]
    public async Task A_namespace_that_is_going_takes_no_Events_and_that_is_no_error()
    {
        _api.Answer(HttpStatusCode.Forbidden, FakeApi.Status(403, "Forbidden", details: """{"causes":[{"reason":"NamespaceTerminating"}]}"""));

        await _events.TellAsync(Node, false, "Retiring", "idle", Ct);

        Assert.Single(_api.Requests);
    }
}
