using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ebb.Joining;

namespace Ebb.Controller.Joining;

/// <summary>Who asks: the address as it is, and what it is counted under.</summary>
internal readonly record struct Caller(string Address, string Key);

/// <summary>What is answered to one request, and what is written down about it.</summary>
/// <param name="Outcome">One word, for the audit log.</param>
/// <param name="Why">For the audit log and for nobody else.</param>
internal sealed record Reply(int Status, string Outcome, string? Why = null)
{
    // Honest machines are refused too, while the cloud's list is behind: they come back, others gain nothing by it.
    private const int TryAgain = 30;

    public byte[] Body { get; init; } = [];

    public int? RetryAfterSeconds { get; init; }

    public string? Proof { get; init; }

    public string? Machine { get; init; }

    public string? Pool { get; init; }

    public string? Node { get; init; }

    public string? Agent { get; init; }

    /// <summary>To be told as an Event, since a person may have to act or will want to know.</summary>
    public bool Tell { get; init; }

    public static Reply Granted<T>(T answer, JsonTypeInfo<T> type) =>
        new(200, "granted") { Body = JsonSerializer.SerializeToUtf8Bytes(answer, type) };

    /// <summary>The same words for whatever the reason: what was wrong helps only those who try.</summary>
    public static Reply Forbidden(string outcome, string why) =>
        Error(403, "forbidden", "This machine is not admitted. The join server's audit log says why.", TryAgain, outcome, why) with { Tell = true };

    public static Reply NotYet(string error, string outcome, string why, int seconds) =>
        Error(409, error, "Not yet: ask again.", seconds, outcome, why);

    public static Reply BadRequest(string message) => Error(400, "bad-request", message, null, "malformed", message);

    public static Reply NotFound(string path) => Error(404, "not-found", "There is nothing here.", null, "not-found", Shortened(path));

    public static Reply Busy(string outcome, TimeSpan wait) =>
        Error(429, "busy", "Too many requests: ask again later.", Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)), outcome, null);

    /// <summary>Something that the server needs does not work.</summary>
    public static Reply Failed(string why) =>
        Error(503, "failed", "The join server cannot answer now: ask again later.", TryAgain, "failed", why);

    public Reply Of(Member member, string? node = null) =>
        this with { Machine = member.Machine.Name, Pool = member.Pool.Name, Node = node ?? Node };

    private static Reply Error(int status, string error, string message, int? retryAfter, string outcome, string? why) => new(status, outcome, why)
    {
        Body = JsonSerializer.SerializeToUtf8Bytes(
            new JoinError { Error = error, Message = message, RetryAfterSeconds = retryAfter }, JoinJson.Default.JoinError),
        RetryAfterSeconds = retryAfter,
    };

    private static string Shortened(string text) => text.Length <= 100 ? text : text[..100];
}
