using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Ebb.Tests.Agent;

/// <summary>The metadata service of one machine.</summary>
internal sealed class Announcements : HttpMessageHandler
{
    private readonly ConcurrentDictionary<string, string> _events = [];

    public ConcurrentQueue<string> Agreed { get; } = [];

    /// <summary>So many consents get no answer.</summary>
    public int Deaf { get; set; }

    public string? Nonsense { get; set; }

    public int Looks { get; private set; }

    /// <param name="at">Null: it has begun.</param>
    public void Put(string id, string kind, DateTimeOffset? at, params string[] machines) =>
        _events[id] = $$"""{"EventId":"{{id}}","EventType":"{{kind}}","ResourceType":"VirtualMachine","Resources":["{{string.Join("\",\"", machines)}}"],"EventStatus":"{{(at is null ? "Started" : "Scheduled")}}","NotBefore":"{{at:R}}","DurationInSeconds":9}""";

    public void Clear() => _events.Clear();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method == HttpMethod.Post)
        {
            if (Deaf-- > 0)
            {
                return new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
            }

            var body = JsonDocument.Parse(await request.Content!.ReadAsStringAsync(cancellationToken)).RootElement;
            Agreed.Enqueue(body.GetProperty("StartRequests")[0].GetProperty("EventId").GetString()!);
            return new HttpResponseMessage(HttpStatusCode.OK);
        }

        Looks++;
        var text = Nonsense ?? $$"""{"DocumentIncarnation":1,"Events":[{{string.Join(',', _events.OrderBy(e => e.Key).Select(e => e.Value))}}]}""";
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(text, Encoding.UTF8, "application/json") };
    }
}
