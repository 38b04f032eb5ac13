using System.Net;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Simulation;

namespace Ebb.Tests.Kubernetes;

public sealed class InformerTests : IDisposable
{
    private const string EmptyList = """{"metadata":{"resourceVersion":"1"},"items":[]}""";

    private readonly VirtualTime _time = new();
    private readonly FakeApi _api = new();
    private readonly KubeClient _client;
    private readonly Runner _runner;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _told = [];
    private readonly InformerStore<V1Pod> _store = new();
    private readonly Informer<V1Pod> _informer;
    private readonly TextLogger<InformerTests> _log = new();

    public InformerTests()
    {
        _runner = new Runner(_time);
        _client = _api.Client(_time);
        var keep = _store.Sink;
        var sink = new InformerSink<V1Pod>(
            all => Tell($"all {string.Join(' ', all.Select(p => p.Metadata.Name))}", () => keep.Replaced(all)),
            changed => Tell($"set {changed.Metadata.Name}", () => keep.Upserted(changed)),
            last => Tell($"gone {last.Metadata.Name}", () => keep.Removed(last)));
        _informer = new(_client, Resources.Pods, Selection.All, sink, _time, new Random(1), _log);
    }

    public void Dispose()
    {
        _client.Dispose();
        _api.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public void It_tells_the_list_and_then_each_change_in_order()
    {
        _api.Answer(HttpStatusCode.OK, List("5", "a", "b"));
        var watch = new SlowStream();
        _api.AnswerWatch(watch);
        Start();

        watch.Send(Event("ADDED", "c", "6") + Event("MODIFIED", "a", "7")[..20]);
        Run();
        watch.Send(Event("MODIFIED", "a", "7")[20..] + Event("DELETED", "b", "8"));
        Run();

        Assert.Equal(["all a b", "set c", "set a", "gone b"], _told);
        Assert.Equal(["a", "c"], _store.View().Select(p => p.Metadata.Name).Order(StringComparer.Ordinal));
        Assert.Equal("7", _store.Find("n", "a")!.Metadata.ResourceVersion);
        Assert.StartsWith("/api/v1/pods?watch=1&allowWatchBookmarks=true&timeoutSeconds=", _api.Requests[1].Path, StringComparison.Ordinal);
        Assert.EndsWith("&resourceVersion=5", _api.Requests[1].Path, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_synced_only_when_the_first_list_is_complete()
    {
        var list = new SlowStream();
        _api.AnswerWatch(list);
        _api.AnswerWatch(new SlowStream());
        Start();

        list.Send("""{"items":[{"metadata":{"name":"a"}},""");
        Run();
        var early = (_informer.Synced.IsCompleted, _store.View().Length, _told.Count);
        list.Send("""{"metadata":{"name":"b"}}],"metadata":{"resourceVersion":"1"}}""");
        Run();

        Assert.Equal((false, 0, 0), early);
        Assert.True(_informer.Synced.IsCompletedSuccessfully);
        Assert.Equal(["all a b"], _told);
    }

    [Fact]
    public void A_watch_cut_within_an_object_is_resumed_where_it_was()
    {
        _api.Answer(HttpStatusCode.OK, List("5", "a"));
        _api.AnswerWatch(SlowStream.Of(Event("ADDED", "b", "6"), Event("ADDED", "c", "7")[..30]));
        _api.AnswerWatch(new SlowStream());

        Start();
        _runner.Run(TimeSpan.FromSeconds(1));

        Assert.Equal(["all a", "set b"], _told);
        Assert.EndsWith("&resourceVersion=6", _api.Requests[2].Path, StringComparison.Ordinal);
    }

    [Fact]
    public void A_watch_that_the_server_ends_is_resumed_at_the_last_bookmark_without_a_list()
    {
        _api.Answer(HttpStatusCode.OK, List("5", "a"));
        _api.AnswerWatch(SlowStream.Of("""{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"99"}}}"""));
        _api.AnswerWatch(new SlowStream());

        Start();

        Assert.Equal(["all a"], _told);
        Assert.Equal(3, _api.Requests.Count);
        Assert.EndsWith("&resourceVersion=99", _api.Requests[2].Path, StringComparison.Ordinal);
    }

    [Fact]
    public void An_expired_version_within_a_watch_leads_to_a_new_list_not_from_the_cache()
    {
        _api.Answer(HttpStatusCode.OK, List("5", "a"));
        _api.AnswerWatch(SlowStream.Of($$"""{"type":"ERROR","object":{{FakeApi.Status(410, "Expired")}}}"""));
        _api.Answer(HttpStatusCode.OK, List("50", "b"));
        _api.AnswerWatch(new SlowStream());

        Start();
        _runner.Run(TimeSpan.FromSeconds(1));

        Assert.Equal(["all a", "all b"], _told);
        Assert.Equal("/api/v1/pods?resourceVersion=0", _api.Requests[0].Path);
        Assert.Equal("/api/v1/pods?limit=500", _api.Requests[2].Path);
        Assert.Null(_store.Find("n", "a"));
    }

    [Fact]
    public void A_watch_refused_as_too_old_leads_to_a_new_list()
    {
        _api.Answer(HttpStatusCode.OK, List("5", "a"));
        _api.Answer(HttpStatusCode.Gone, FakeApi.Status(410, "Expired"));
        _api.Answer(HttpStatusCode.OK, List("50", "b"));
        _api.AnswerWatch(new SlowStream());

        Start();
        _runner.Run(TimeSpan.FromSeconds(1));

        Assert.Equal(["all a", "all b"], _told);
    }

    [Fact]
    public void Another_error_within_a_watch_does_not_throw_away_what_is_known()
    {
        _api.Answer(HttpStatusCode.OK, List("5", "a"));
        _api.AnswerWatch(SlowStream.Of($$"""{"type":"ERROR","object":{{FakeApi.Status(500, "InternalError")}}}"""));
        _api.AnswerWatch(new SlowStream());

        Start();
        _runner.Run(TimeSpan.FromSeconds(1));

        Assert.Equal(["all a"], _told);
        Assert.EndsWith("&resourceVersion=5", _api.Requests[2].Path, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"ADDED"}""")]
    [InlineData("""{"type":7,"object":{}}""")]
    [InlineData("""[1]""")]
    [InlineData("""{"type":"RENAMED","object":{}}""")]
    [InlineData("""{"type":"ADDED","object":{"metadata":7}}""")]
    [InlineData("<html>")]
    public void Nonsense_within_a_watch_is_survived(string nonsense)
    {
        _api.Answer(HttpStatusCode.OK, List("5", "a"));
        _api.AnswerWatch(SlowStream.Of(Event("ADDED", "b", "6"), nonsense));
        _api.AnswerWatch(SlowStream.Of(Event("ADDED", "c", "7")));
        _api.AnswerWatch(new SlowStream());

        Start();
        _runner.Run(TimeSpan.FromSeconds(2));

        Assert.Equal(["all a", "set b", "set c"], _told);
        Assert.EndsWith("&resourceVersion=6", _api.Requests[2].Path, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dead_server_is_asked_ever_more_seldom_and_a_success_starts_over()
    {
        _api.Otherwise = _ => throw new HttpRequestException("refused");
        Start();
        _runner.Run(TimeSpan.FromMinutes(10));
        var whileDead = _api.Requests.Count;
        _api.Answer(HttpStatusCode.OK, EmptyList);
        _api.AnswerWatch(SlowStream.Of(Event("ADDED", "a", "2")));
        _runner.Run(TimeSpan.FromSeconds(31));
        var afterSuccess = _api.Requests.Count;
        _runner.Run(TimeSpan.FromSeconds(3));

        Assert.InRange(whileDead, 20, 50);
        Assert.InRange(_api.Requests.Count - afterSuccess, 1, 5);
        Assert.Equal(["all ", "set a"], _told);
    }

    [Fact]
    public void Watches_that_end_at_once_are_not_taken_up_in_a_tight_loop()
    {
        _api.Answer(HttpStatusCode.OK, EmptyList);
        _api.Otherwise = _ => new HttpResponseMessage { Content = new StreamContent(SlowStream.Of()) };

        Start();
        _runner.Run(TimeSpan.FromMinutes(1));

        Assert.InRange(_api.Requests.Count, 4, 15);
    }

    [Fact]
    public void A_silent_watch_is_given_up_and_resumed_without_a_word()
    {
        _api.Answer(HttpStatusCode.OK, EmptyList);
        _api.AnswerWatch(new SlowStream());
        _api.AnswerWatch(SlowStream.Of(Event("ADDED", "a", "2")));
        _api.AnswerWatch(new SlowStream());

        Start();
        _runner.Run(TimeSpan.FromMinutes(4));

        Assert.Equal(["all ", "set a"], _told);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public void The_deletion_of_something_unknown_does_no_harm()
    {
        _api.Answer(HttpStatusCode.OK, List("1", "a"));
        _api.AnswerWatch(SlowStream.Of(Event("DELETED", "x", "2")));
        _api.AnswerWatch(new SlowStream());

        Start();

        Assert.Equal("a", Assert.Single(_store.View()).Metadata.Name);
    }

    [Fact]
    public void A_view_does_not_change_afterwards()
    {
        _api.Answer(HttpStatusCode.OK, List("5", "a"));
        var watch = new SlowStream();
        _api.AnswerWatch(watch);
        Start();

        var view = _store.View();
        watch.Send(Event("DELETED", "a", "6"));
        Run();

        Assert.Single(view);
        Assert.Empty(_store.View());
    }

    private void Tell(string what, Action keep)
    {
        _told.Add(what);
        keep();
    }

    private void Start()
    {
        _runner.Start(() => _informer.RunAsync(_stop.Token));
        Run();
    }

    private void Run() => _runner.Run(TimeSpan.Zero);

    private static string List(string version, params string[] names) =>
        $$$"""{"metadata":{"resourceVersion":"{{{version}}}"},"items":[{{{string.Join(',', names.Select(n => Pod(n, version)))}}}]}""";

    private static string Event(string type, string name, string version) =>
        $$"""{"type":"{{type}}","object":{{Pod(name, version)}}}""" + "\n";

    private static string Pod(string name, string version) =>
        $$$"""{"metadata":{"name":"{{{name}}}","namespace":"n","resourceVersion":"{{{version}}}"}}""";
}
