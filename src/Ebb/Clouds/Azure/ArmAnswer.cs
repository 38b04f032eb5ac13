using System.Net;
using System.Text.Json;

namespace Ebb.Clouds.Azure;

/// <summary>How one call to the resource manager ended.</summary>
internal abstract record ArmAnswer
{
    private ArmAnswer()
    {
    }

    /// <summary>Done, or accepted when <see cref="Poll"/> says where to ask for the end.</summary>
    public sealed record Ok(HttpStatusCode Status, byte[] Body) : ArmAnswer
    {
        public string? ETag { get; init; }

        public OperationAddress? Poll { get; init; }

        public TimeSpan? RetryAfter { get; init; }
    }

    /// <summary>Refused for a reason that the same call meets again.</summary>
    public sealed record Refused(HttpStatusCode Status, ArmError Error) : ArmAnswer;

    /// <summary>Too many requests, or held back here because an earlier one was told so.</summary>
    public sealed record Throttled(TimeSpan RetryAfter) : ArmAnswer;

    /// <summary>No answer, or one that leaves open what happened.</summary>
    /// <param name="Sent">False when the call cannot have reached the cloud.</param>
    /// <param name="Heals">False when the next attempt meets the same: a certificate that is not trusted.</param>
    public sealed record Lost(string Why, bool Sent, HttpStatusCode? Status = null, bool Heals = true) : ArmAnswer;

    /// <summary>For people, without a full stop.</summary>
    public string Describe() => this switch
    {
        Ok ok => $"answered {(int)ok.Status}",
        Refused refused => $"answered {(int)refused.Status} {refused.Error.Code}: {refused.Error.Message}",
        Throttled throttled => $"asks for fewer requests and to wait {Math.Ceiling(throttled.RetryAfter.TotalSeconds)} s",
        Lost lost => lost.Why,
        _ => throw new InvalidOperationException("A new kind of answer."),
    };

    /// <param name="doing">What was being done, for example <c>Reading the scale sets</c>.</param>
    public CloudException ToException(string doing) => new(
        $"{doing}: Azure {Describe()}",
        this switch
        {
            Refused refused => refused.Status,
            Throttled => HttpStatusCode.TooManyRequests,
            Lost lost => lost.Status,
            _ => null,
        },
        (this as Refused)?.Error.Code);
}

/// <summary>Where to ask how an operation goes.</summary>
/// <param name="ByStatus">True: the body tells (Azure-AsyncOperation); false: the status code does (Location).</param>
internal sealed record OperationAddress(Uri Uri, bool ByStatus);

/// <summary>What a GET brought: the value, or the answer that came instead.</summary>
internal sealed record ArmRead<T>(T? Value, ArmAnswer Answer)
    where T : class;

/// <summary>The cloud's own words about a failure.</summary>
internal sealed record ArmError(string Code, string Message)
{
    // Nested errors repeat each other; deeper ones are of no use and may be hostile.
    private const int MaxDepth = 5;

    private const int MaxMessage = 1000;

    /// <summary>All codes, the outermost first: the true cause often stands in the details.</summary>
    public IReadOnlyList<string> Codes { get; init; } = [Code];

    /// <summary>The provider's own code inside; null when it gave none.</summary>
    public string? InnerCode { get; init; }

    /// <summary>All of it as it came, with what is nested.</summary>
    public WireError? Wire { get; init; }

    /// <summary>Reads both shapes: with the wrapper <c>error</c>, and without as the compute provider throttles.</summary>
    public static ArmError Read(HttpStatusCode status, byte[] body)
    {
        try
        {
            var envelope = JsonSerializer.Deserialize(body, ArmJson.Default.WireError);
            if ((envelope?.Error ?? envelope) is { } wire && (wire.Code ?? wire.Message) is not null)
            {
                return From(wire);
            }
        }
        catch (JsonException)
        {
            // A proxy's page or a truncated body: the status has to do.
        }

        return new ArmError(status.ToString(), $"no error in the {body.Length} bytes of the body");
    }

    public static ArmError From(WireError wire)
    {
        var codes = new List<string>();
        Collect(wire, 0, codes);
        var message = wire.Message ?? "";
        return new ArmError(wire.Code ?? "Unknown", message.Length <= MaxMessage ? message : message[..MaxMessage] + "…")
        {
            Codes = codes,
            InnerCode = wire.Innererror?.InternalErrorCode,
            Wire = wire,
        };
    }

    private static void Collect(WireError wire, int depth, List<string> codes)
    {
        if (wire.Code is not null)
        {
            codes.Add(wire.Code);
        }

        foreach (var detail in depth < MaxDepth ? wire.Details ?? [] : [])
        {
            if (detail is not null)
            {
                Collect(detail, depth + 1, codes);
            }
        }
    }
}
