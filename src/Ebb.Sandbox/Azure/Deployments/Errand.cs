using System.Globalization;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>How an errand ended.</summary>
/// <param name="Status">The answer's status; of the request itself when the work went on after it.</param>
/// <param name="Error">Null when it succeeded.</param>
/// <param name="Late">It was accepted first and failed afterwards.</param>
internal sealed record ErrandEnd(int Status, JsonObject? Body, JsonObject? Error, bool Late);

/// <summary>On whose behalf something is asked, and under which address the face is reached.</summary>
internal sealed record Sender(ArmCaller Caller, string BaseUrl);

/// <summary>
/// Carries requests out within the face, as Azure's deployment engine does with its providers: what is throttled or fails in
/// passing is asked again, what goes on after its answer is followed to its end. Under the world's gate, on its agenda.
/// </summary>
internal sealed class Errand(Func<ArmRequest, ArmReply> dispatch, Agenda agenda, TimeSpan pollAfter)
{
    // With a pause that doubles from a second: a minute in all.
    private const int MostAttempts = 6;

    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(5);

    /// <summary>Asks once and takes what comes.</summary>
    public ArmReply Ask(string method, string id, string apiVersion, JsonNode? body, Sender sender) =>
        dispatch(ArmRequest.Internal(method, Url(id, apiVersion), body, sender.Caller, sender.BaseUrl));

    /// <summary>Sends a PUT or a DELETE and says how it ended.</summary>
    public void Carry(string method, string id, string apiVersion, JsonNode? body, Sender sender, Action<ErrandEnd> then) =>
        Attempt(method, id, apiVersion, body, sender, 1, then);

    public static string Url(string id, string apiVersion) =>
        $"/{string.Join('/', id.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.EscapeDataString))}?api-version={Uri.EscapeDataString(apiVersion)}";

    private void Attempt(string method, string id, string apiVersion, JsonNode? body, Sender sender, int attempt, Action<ErrandEnd> then)
    {
        var reply = Ask(method, id, apiVersion, body, sender);
        if ((reply.Silent || reply.Status is 408 or 429 or >= 500) && attempt < MostAttempts)
        {
            var pause = Wait(reply) ?? TimeSpan.FromSeconds(1 << (attempt - 1));
            agenda.In(reply.Delay + pause, () => Attempt(method, id, apiVersion, body, sender, attempt + 1, then));
            return;
        }

        if (reply.Delay > TimeSpan.Zero)
        {
            agenda.In(reply.Delay, () => Answered(reply, id, apiVersion, sender, then));
            return;
        }

        Answered(reply, id, apiVersion, sender, then);
    }

    private void Answered(ArmReply reply, string id, string apiVersion, Sender sender, Action<ErrandEnd> then)
    {
        var answer = reply.Body as JsonObject;
        if (reply.Silent || reply.Status >= 400)
        {
            then(new ErrandEnd(reply.Silent ? 504 : reply.Status, null, ErrorOf(reply), Late: false));
        }
        else if (Header(reply, "Azure-AsyncOperation") is { } status)
        {
            Follow(status, reply.Status, answer, sender, 1, StatusEnd, then);
        }
        else if (reply.Status == 202 && Header(reply, "Location") is { } location)
        {
            Follow(location, reply.Status, answer, sender, 1, LocationEnd, then);
        }
        else if (IsRunning(StateOf(answer)))
        {
            Follow(Url(id, apiVersion), reply.Status, answer, sender, 1, ResourceEnd, then);
        }
        else
        {
            then(new ErrandEnd(reply.Status, answer, null, Late: false));
        }
    }

    /// <summary>Looks until <paramref name="end"/> finds in an answer how it ended.</summary>
    private void Follow(string url, int first, JsonObject? body, Sender sender, int look, Func<ArmReply, (bool Ended, JsonObject? Error)> end, Action<ErrandEnd> then)
    {
        var pause = pollAfter * (1 + (look / 5));
        agenda.In(pause < LongestPoll ? pause : LongestPoll, () =>
        {
            var reply = dispatch(ArmRequest.Internal("GET", url, null, sender.Caller, sender.BaseUrl));
            if (reply.Silent || reply.Status is 408 or 429 or >= 500)
            {
                agenda.In(Wait(reply) ?? TimeSpan.FromSeconds(1), () => Follow(url, first, body, sender, look + 1, end, then));
                return;
            }

            var (ended, error) = reply.Status >= 400 ? (true, ErrorOf(reply)) : end(reply);
            if (ended)
            {
                then(new ErrandEnd(first, body, error, Late: true));
            }
            else
            {
                Follow(url, first, body, sender, look + 1, end, then);
            }
        });
    }

    private static (bool Ended, JsonObject? Error) StatusEnd(ArmReply reply) => Values.Text(Values.Member(reply.Body, "status")) switch
    {
        "Succeeded" => (true, null),
        "Failed" or "Canceled" => (true, Values.Member(reply.Body, "error")?.DeepClone() as JsonObject ?? Values.Object(("code", "OperationFailed"), ("message", "The operation failed."))),
        _ => (false, null),
    };

    private static (bool Ended, JsonObject? Error) LocationEnd(ArmReply reply) => (reply.Status != 202, null);

    private static (bool Ended, JsonObject? Error) ResourceEnd(ArmReply reply) => StateOf(reply.Body) switch
    {
        "Failed" or "Canceled" => (true, Values.Object(("code", "OperationFailed"), ("message", "The operation failed."))),
        var state => (!IsRunning(state), null),
    };

    private static string? StateOf(JsonNode? body) => Values.Text(Values.Member(Values.Member(body, "properties"), "provisioningState"));

    private static bool IsRunning(string? state) => state is not (null or "" or "Succeeded" or "Failed" or "Canceled");

    private static JsonObject ErrorOf(ArmReply reply) =>
        (Values.Member(reply.Body, "error") ?? (Values.Member(reply.Body, "code") is null ? null : reply.Body))?.DeepClone() as JsonObject
        ?? Values.Object(("code", "GatewayTimeout"), ("message", "The gateway did not receive a response from the resource provider within the specified time period."));

    private static string? Header(ArmReply reply, string name) =>
        reply.Headers.FirstOrDefault(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    private static TimeSpan? Wait(ArmReply reply) =>
        long.TryParse(Header(reply, "Retry-After"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(Math.Max(1, seconds)) : null;
}
