using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>An answer before it is written.</summary>
internal sealed record ArmReply(int Status, JsonNode? Body = null)
{
    public ImmutableArray<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>Held back for so long.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Never sent: the caller is left waiting.</summary>
    public bool Silent { get; init; }

    /// <summary>Sent instead of <see cref="Body"/> when not null.</summary>
    public string? Text { get; init; }

    /// <summary>Sent instead of either when not null.</summary>
    public (string Type, byte[] Bytes)? Content { get; init; }

    public static ArmReply Error(int status, string code, string message) => Error(new CloudError(status, code, message));

    public static ArmReply Error(CloudError error)
    {
        var body = Json(error);
        return new ArmReply(error.Status, error.Bare ? body : new JsonObject { ["error"] = body })
        {
            Headers = error.RetryAfter is { } wait ? [("Retry-After", ((long)Math.Ceiling(wait.TotalSeconds)).ToString())] : [],
        };
    }

    /// <summary>The answer to a call of the world: its value in <paramref name="ok"/>'s form, or its error.</summary>
    public static ArmReply From<T>(Outcome<T> outcome, Func<T, ArmReply> ok)
    {
        var reply = outcome.Error is { } error ? Error(error) : ok(outcome.Value!);
        return reply with
        {
            Delay = reply.Delay + outcome.Delay,
            Silent = reply.Silent || outcome.Unanswered,
            Headers = [.. reply.Headers, .. LimitHeaders(outcome.Limits)],
        };
    }

    public static JsonObject Json(CloudError error)
    {
        var json = new JsonObject { ["code"] = error.Code, ["message"] = error.Message };
        if (error.Target is not null)
        {
            json["target"] = error.Target;
        }

        if (error.Details.Length > 0)
        {
            json["details"] = new JsonArray([.. error.Details.Select(d => (JsonNode)Json(d))]);
        }

        if (error.InternalCode is not null)
        {
            json["innererror"] = new JsonObject { ["internalErrorCode"] = error.InternalCode };
        }

        return json;
    }

    private static IEnumerable<(string, string)> LimitHeaders(ImmutableArray<LimitLeft> limits)
    {
        foreach (var limit in limits.Where(l => !l.Name.Contains('/')))
        {
            yield return ($"x-ms-ratelimit-remaining-{limit.Name}", limit.Left.ToString());
        }

        var resource = string.Join(',', limits.Where(l => l.Name.Contains('/')).Select(l => $"{l.Name};{l.Left}"));
        if (resource.Length > 0)
        {
            yield return ("x-ms-ratelimit-remaining-resource", resource);
        }
    }
}
