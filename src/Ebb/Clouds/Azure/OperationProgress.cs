using System.Net;
using System.Text.Json;
using Ebb.Pools;

namespace Ebb.Clouds.Azure;

/// <summary>How far an operation is.</summary>
internal abstract record OperationProgress
{
    // Unless Azure says otherwise. Failures are to be known within seconds; a resource may be polled 15 times a minute.
    public static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(5);

    // An answer that tells nothing: a little patience, the operation goes on without us.
    public static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(15);

    private OperationProgress()
    {
    }

    /// <param name="Wait">When to ask again.</param>
    public sealed record Running(TimeSpan Wait) : OperationProgress;

    /// <param name="Error">Null after a success.</param>
    public sealed record Ended(ArmError? Error) : OperationProgress;

    public static async Task<OperationProgress> AskAsync(ArmClient arm, AzureOperation operation, CancellationToken ct)
    {
        if (operation.Poll is not { } address)
        {
            return await ByScaleSetAsync(arm, operation.Pool, ct);
        }

        var answer = await arm.SendAsync(new ArmCall(HttpMethod.Get, address.Uri, ArmFamily.Operations), ct);
        return answer switch
        {
            ArmAnswer.Ok ok => address.ByStatus ? ByBody(ok) : ByStatus(ok),
            ArmAnswer.Throttled throttled => new Running(throttled.RetryAfter),

            // The record of an operation that ended long ago, or one that the cloud forgot: the machines show how it ended.
            ArmAnswer.Refused { Status: HttpStatusCode.NotFound or HttpStatusCode.Gone } => new Ended(null),

            // Not everyone may read operations, whose record belongs to the subscription.
            ArmAnswer.Refused { Status: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } => await ByScaleSetAsync(arm, operation.Pool, ct),
            ArmAnswer.Refused refused => new Ended(refused.Error),
            _ => new Running(AfterTrouble),
        };
    }

    private static OperationProgress ByStatus(ArmAnswer.Ok ok) =>
        ok.Status is HttpStatusCode.Accepted ? new Running(ok.RetryAfter ?? PollEvery) : new Ended(null);

    private static OperationProgress ByBody(ArmAnswer.Ok ok)
    {
        WireOperation? body;
        try
        {
            body = JsonSerializer.Deserialize(ok.Body, ArmJson.Default.WireOperation);
        }
        catch (JsonException)
        {
            // Cut short, or a proxy's page: it tells nothing about the operation.
            return new Running(AfterTrouble);
        }

        return body?.Status?.ToUpperInvariant() switch
        {
            "SUCCEEDED" => new Ended(null),
            "FAILED" or "CANCELED" => new Ended(
                body.Error is { } error ? ArmError.From(error) : new ArmError(body.Status, "Azure gave no reason.")),
            _ => new Running(ok.RetryAfter ?? PollEvery),
        };
    }

    private static async Task<OperationProgress> ByScaleSetAsync(ArmClient arm, Pool pool, CancellationToken ct)
    {
        var read = await arm.GetAsync(ScaleSets.Address(arm, pool), ArmFamily.Lists, ArmJson.Default.WireScaleSet, ct);
        return (read.Answer, read.Value?.Properties?.ProvisioningState?.ToUpperInvariant()) switch
        {
            (ArmAnswer.Throttled throttled, _) => new Running(throttled.RetryAfter),
            (ArmAnswer.Refused { Status: HttpStatusCode.NotFound }, _) => new Ended(null),
            (ArmAnswer.Ok, "SUCCEEDED") => new Ended(null),
            (ArmAnswer.Ok, "FAILED" or "CANCELED") => new Ended(new ArmError(
                AzureFailures.NoReason,
                "The scale set ended in a failed state; Azure's own words about it were lost on the way.")),
            (ArmAnswer.Ok ok, _) => new Running(ok.RetryAfter ?? PollEvery),
            _ => new Running(AfterTrouble),
        };
    }
}
