using System.Net;
using System.Text;
using Ebb.Simulation;
using Ebb.Tests.Cli.Clusters.Provisioned;

namespace Ebb.Tests.Cli.Operating;

/// <summary>What becomes of the writes of one command: it keeps them in order, and strikes the one that a test says.</summary>
/// <param name="at">Which write, from 0; -1: none.</param>
/// <param name="trouble">One of <see cref="OfCloud"/> or <see cref="OfKubernetes"/>.</param>
internal sealed class Misfortune(int at = -1, string trouble = "")
{
    public static IReadOnlyList<string> OfCloud { get; } = ["answer lost", "too many", "server error", "operation fails", "crash"];

    public static IReadOnlyList<string> OfKubernetes { get; } = ["answer lost", "too many", "server error", "conflict", "crash"];

    /// <summary>The process whose requests these are.</summary>
    public Process Process { get; } = new();

    /// <summary>Side and kind of each.</summary>
    public List<string> Writes { get; } = [];

    /// <summary>The first and the last of each kind of write of a run without trouble, which came one after the other and are told by their place.</summary>
    public IEnumerable<(string Call, int At)> Ends =>
        from alike in Writes.Select((call, at) => (Call: call, At: at)).GroupBy(write => write.Call)
        from write in new[] { alike.First(), alike.Last() }.Distinct()
        select write;

    /// <summary>The troubles of the side that a write goes to.</summary>
    public static IReadOnlyList<string> Of(string call) => call.StartsWith("cloud ", StringComparison.Ordinal) ? OfCloud : OfKubernetes;

    /// <summary>Has the next operation that the cloud accepts end as failed.</summary>
    public Action FailOperation { get; set; } = () => { };

    /// <summary>Happens just before the write that is struck.</summary>
    public Action Before { get; set; } = () => { };

    public async Task<HttpResponseMessage> PassAsync(string side, HttpRequestMessage request, Func<Task<HttpResponseMessage>> send)
    {
        await Process.AliveAsync();
        if (request.Method == HttpMethod.Get)
        {
            return await send();
        }

        Writes.Add($"{side} {Wire.KindOf(Wire.Name(request))}");
        if (Writes.Count - 1 != at)
        {
            return await send();
        }

        Before();
        switch (trouble)
        {
            case "too many":
                return Refused(side, HttpStatusCode.TooManyRequests, "SubscriptionRequestsThrottled", "TooManyRequests", retryAfter: 5);
            case "server error":
                return Refused(side, HttpStatusCode.InternalServerError, "InternalServerError", "InternalError");
            case "conflict":
                return Refused(side, HttpStatusCode.Conflict, "Conflict", "Conflict");
            case "operation fails":
                FailOperation();
                return await send();
            case "answer lost":
                using (await send())
                {
                    throw new HttpRequestException(HttpRequestError.ResponseEnded, "The answer was lost.");
                }

            case "crash":
                using (await send())
                {
                    Process.Kill();
                    await Process.AliveAsync();
                    throw new InvalidOperationException("What was killed does not go on.");
                }

            default:
                throw new InvalidOperationException($"Nobody knows the trouble '{trouble}'.");
        }
    }

    private static HttpResponseMessage Refused(string side, HttpStatusCode status, string code, string reason, int retryAfter = 0)
    {
        var body = side == "cloud"
            ? $$$"""{"error":{"code":"{{{code}}}","message":"Misfortune."}}"""
            : $$"""{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Misfortune.","reason":"{{reason}}","code":{{(int)status}}}""";
        var answer = new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (retryAfter > 0)
        {
            answer.Headers.TryAddWithoutValidation("Retry-After", $"{retryAfter}");
        }

        return answer;
    }
}
