using System.Net;
using System.Text;
using Ebb.Kubernetes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Kubernetes;

/// <summary>An API server of which each test writes the answers: the next one answers the next request.</summary>
internal sealed class FakeApi : HttpMessageHandler
{
    private readonly Queue<Func<Asked, HttpResponseMessage>> _answers = new();
    private readonly Lock _lock = new();

    public List<Asked> Requests { get; } = [];

    /// <summary>Answers what no answer was queued for; null fails the test.</summary>
    public Func<Asked, HttpResponseMessage>? Otherwise { get; set; }

    public KubeConnection Connection => new()
    {
        Server = new Uri("https://fake.test:6443"),
        Origin = "a test",
        Transport = _ => this,
    };

    public KubeClient Client(TimeProvider time, ILogger<KubeClient>? logger = null) =>
        new(Connection, time, logger ?? NullLogger<KubeClient>.Instance);

    public void Answer(HttpStatusCode code, string json, params (string Name, string Value)[] headers) =>
        Answer(_ => Response(code, json, headers));

    public void Answer(Func<Asked, HttpResponseMessage> answer) => _answers.Enqueue(answer);

    public void AnswerWatch(Stream stream) =>
        Answer(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(stream) });

    public static HttpResponseMessage Response(HttpStatusCode code, string json, params (string Name, string Value)[] headers)
    {
        var response = new HttpResponseMessage(code) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers)
        {
            response.Headers.TryAddWithoutValidation(name, value);
        }

        return response;
    }

    public static string Status(int code, string reason, string message = "no", string details = "{}") =>
        $$"""{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"{{message}}","reason":"{{reason}}","details":{{details}},"code":{{code}}}""";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var asked = new Asked(
            request.Method, request.RequestUri!.PathAndQuery, body, request.Content?.Headers.ContentType?.MediaType,
            request.Headers.Authorization?.ToString());
        Func<Asked, HttpResponseMessage>? answer;
        lock (_lock)
        {
            Requests.Add(asked);
            answer = _answers.TryDequeue(out var next) ? next : Otherwise;
        }

        return answer?.Invoke(asked) ?? throw new InvalidOperationException($"no answer is left for {asked}");
    }
}

internal sealed record Asked(HttpMethod Method, string Path, string Body, string? ContentType, string? Authorization);
