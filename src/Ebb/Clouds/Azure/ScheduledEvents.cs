using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Clouds.Azure;

/// <summary>Something that Azure will do to machines, as their metadata service announces it.</summary>
/// <param name="Kind">Freeze, Reboot, Redeploy, Preempt or Terminate.</param>
/// <param name="Machines">Names as in <see cref="MachineFacts.Name"/>, which are not host names.</param>
/// <param name="NotBefore">Null: it has begun.</param>
/// <param name="Lasts">Null when Azure does not say.</param>
public sealed record ScheduledEvent(string Id, string Kind, ImmutableArray<string> Machines, DateTimeOffset? NotBefore, TimeSpan? Lasts);

/// <summary>Asks what is announced to the machine that this program runs on, and agrees that it may begin.</summary>
public sealed class ScheduledEvents(HttpMessageInvoker http, Uri address, TimeProvider time, Random random)
{
    private const string Path = "metadata/scheduledevents?api-version=2020-07-01";

    // The first call switches the announcements on, and may take two minutes to be answered.
    private static readonly TimeSpan FirstCallTimeout = TimeSpan.FromMinutes(2);

    private readonly MetadataHttp _service = new(http, address, time, random);
    private bool _answered;

    /// <summary>What is announced now, of other machines of the same scope too; null when the service does not answer this time.</summary>
    public async Task<ImmutableArray<ScheduledEvent>?> ReadAsync(CancellationToken ct)
    {
        var (status, body) = await _service.OnceAsync(HttpMethod.Get, Path, null, _answered ? MetadataHttp.CallTimeout : FirstCallTimeout, ct);
        if (status is not HttpStatusCode.OK)
        {
            return null;
        }

        _answered = true;
        try
        {
            return JsonSerializer.Deserialize(body, MetadataJson.Default.WireEvents) is { } document ? [.. document.Events.Select(Read).OfType<ScheduledEvent>()] : null;
        }
        catch (JsonException)
        {
            // As good as no answer; the next comes in a second.
            return null;
        }
    }

    /// <summary>Agrees that an event begins before its time. It does, for all machines that it names.</summary>
    /// <returns>False when there is no such event any more, or the service does not answer this time.</returns>
    public async Task<bool> AcknowledgeAsync(string id, CancellationToken ct)
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(
            new WireAcknowledgement { StartRequests = [new WireStartRequest { EventId = id }] }, MetadataJson.Default.WireAcknowledgement));
        content.Headers.ContentType = new("application/json");
        var (status, _) = await _service.OnceAsync(HttpMethod.Post, Path, content, MetadataHttp.CallTimeout, ct);
        return status is HttpStatusCode.OK;
    }

    private static ScheduledEvent? Read(WireEvent e) =>
        e is { EventId.Length: > 0, EventType.Length: > 0 }
            ? new ScheduledEvent(
                e.EventId,
                e.EventType,
                [.. e.Resources],
                DateTimeOffset.TryParse(e.NotBefore, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null,
                e.DurationInSeconds >= 0 ? TimeSpan.FromSeconds(e.DurationInSeconds) : null)
            : null;
}

internal sealed record WireAttested
{
    [JsonPropertyName("signature")]
    public string? Signature { get; init; }
}

internal sealed record WireEvents
{
    public ImmutableArray<WireEvent> Events { get; init => field = value.IsDefault ? [] : value; } = [];
}

internal sealed record WireEvent
{
    public string? EventId { get; init; }

    public string? EventType { get; init; }

    public ImmutableArray<string> Resources { get; init => field = value.IsDefault ? [] : value; } = [];

    public string? NotBefore { get; init; }

    public int DurationInSeconds { get; init; } = -1;
}

internal sealed record WireAcknowledgement
{
    public required ImmutableArray<WireStartRequest> StartRequests { get; init; }
}

internal sealed record WireStartRequest
{
    public required string EventId { get; init; }
}

// The service's own spelling, from version to version the same.
[JsonSerializable(typeof(WireAttested))]
[JsonSerializable(typeof(WireEvents))]
[JsonSerializable(typeof(WireAcknowledgement))]
internal sealed partial class MetadataJson : JsonSerializerContext;
