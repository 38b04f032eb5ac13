using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Ebb.Simulation;
using Ebb.Tests.Cli.Clusters.Provisioned;

namespace Ebb.Tests.Cli.Operating;

/// <summary>What becomes of the requests of one command: it keeps them in order, and strikes the one that a test says.</summary>
/// <param name="at">Which write, from 0; -1: none.</param>
/// <param name="trouble">One of <see cref="OfCloud"/> or <see cref="OfKubernetes"/>, or what strikes a read.</param>
/// <param name="ofReads">It is a read that is struck, counted among reads alone.</param>
internal sealed partial class Misfortune(int at = -1, string trouble = "", bool ofReads = false)
{
    private static IReadOnlyList<string> OfReads { get; } = ["answer lost", "too many", "unavailable"];

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

    /// <summary>Side and kind of each; what only tells one of a kind from another is left out.</summary>
    public List<string> Reads { get; } = [];

    /// <summary>
    /// The first and a middle one of each kind of read of a run without trouble: waiting is made of them. The troubles take turns, or
    /// a run of all would take minutes.
    /// </summary>
    public IEnumerable<(string Call, int At, string Trouble)> ReadStrikes =>
        (from alike in Reads.Select((call, at) => (Call: call, At: at)).GroupBy(read => read.Call)
         let all = alike.ToList()
         from read in new[] { all[0], all[all.Count / 2] }.Distinct()
         select read).Select((read, turn) => (read.Call, read.At, OfReads[turn % OfReads.Count]));

    /// <summary>The troubles of the side that a write goes to.</summary>
    public static IReadOnlyList<string> Of(string call) => call.StartsWith("cloud ", StringComparison.Ordinal) ? OfCloud : OfKubernetes;

    /// <summary>Has the next operation that the cloud accepts end as failed.</summary>
    public Action FailOperation { get; set; } = () => { };

    /// <summary>Happens just before the write that is struck.</summary>
    public Action Before { get; set; } = () => { };

    public async Task<HttpResponseMessage> PassAsync(string side, HttpRequestMessage request, Func<Task<HttpResponseMessage>> send)
    {
        await Process.AliveAsync();
        var isRead = request.Method == HttpMethod.Get;
        var kind = $"{side} {Wire.KindOf(Wire.Name(request))}";
        var calls = isRead ? Reads : Writes;
        calls.Add(isRead ? Numbers().Replace(kind, "#") : kind);
        if (isRead != ofReads || calls.Count - 1 != at)
        {
            return await send();
        }

        Before();
        switch (trouble)
        {
            case "too many":
                return Refused(side, HttpStatusCode.TooManyRequests, "SubscriptionRequestsThrottled", "TooManyRequests", retryAfter: 5);
            case "unavailable":
                return Refused(side, HttpStatusCode.ServiceUnavailable, "ServerBusy", "ServiceUnavailable");
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

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+")]
    private static partial Regex Numbers();
}
