using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>A subscription of the resource manager, for whoever sets things up there: patient, since a person waits for the whole.</summary>
public sealed class ArmConnection
{
    // Groups, deployments, resources, providers.
    internal const string ResourcesVersion = "2021-04-01";

    // What asks for more patience than this is not going to answer a person today.
    private static readonly TimeSpan MostThrottling = TimeSpan.FromMinutes(15);

    private const int MostRepeats = 5;

    private readonly TimeProvider _time;

    /// <param name="subscription">Empty for one that only looks which there are.</param>
    /// <param name="http">Goes out as given, without buffering or time limit of its own.</param>
    public ArmConnection(Uri endpoint, string subscription, HttpMessageInvoker http, TokenSource tokens, TimeProvider time, Random random)
    {
        Arm = new ArmClient(new AzureScope(subscription, "", null, endpoint), http, tokens, time, random);
        Http = http;
        _time = time;
    }

    public string Subscription => Arm.Scope.SubscriptionId;

    public Uri Endpoint => Arm.Scope.ArmEndpoint;

    public TimeProvider Time => _time;

    internal ArmClient Arm { get; }

    internal HttpMessageInvoker Http { get; }

    internal string SubscriptionPath => Arm.Scope.SubscriptionPath;

    internal string GroupPath(string group) => $"{SubscriptionPath}/resourceGroups/{Uri.EscapeDataString(group)}";

    internal Uri Address(string path, string apiVersion, string query = "") => Arm.Address(path, apiVersion, query);

    /// <summary>Reads one resource; null when it is not there.</summary>
    /// <param name="doing">For people: <c>Reading resource group 'farm'</c>.</param>
    internal async Task<T?> FindAsync<T>(string doing, Uri uri, JsonTypeInfo<T> type, CancellationToken ct)
        where T : class
    {
        var read = await PatientAsync(() => Arm.GetAsync(uri, ArmFamily.Lists, type, ct), r => r.Answer, ct);
        return read.Answer is ArmAnswer.Refused { Status: HttpStatusCode.NotFound or HttpStatusCode.NoContent }
            ? null
            : read.Value ?? throw Failed(doing, read.Answer);
    }

    /// <summary>Reads a list to its last page.</summary>
    internal async Task<IReadOnlyList<T>> ListAsync<T>(string doing, Uri uri, JsonTypeInfo<WirePage<T>> type, CancellationToken ct)
        where T : class
    {
        var read = await PatientAsync(() => Arm.ListAsync(uri, ArmFamily.Lists, type, ct), r => r.Answer, ct);
        return read.Value ?? throw Failed(doing, read.Answer);
    }

    /// <summary>
    /// Sends what may be sent twice with the same outcome, until it is answered for good: what healed by itself is repeated,
    /// also where nobody knows whether it had worked.
    /// </summary>
    /// <returns>Done or refused, never anything else.</returns>
    internal async Task<ArmAnswer> RepeatAsync(string doing, ArmCall call, CancellationToken ct)
    {
        Backoff? backoff = null;
        for (var attempt = 1; ; attempt++)
        {
            var answer = await PatientAsync(() => Arm.SendAsync(call, ct), a => a, ct);
            if (answer is ArmAnswer.Ok or ArmAnswer.Refused && !IsBusy(answer))
            {
                return answer;
            }

            if (attempt == MostRepeats || answer is ArmAnswer.Lost { Heals: false })
            {
                return answer is ArmAnswer.Refused ? answer : throw Failed(doing, answer);
            }

            await (backoff ??= Arm.NewBackoff(TimeSpan.FromSeconds(2))).FailedAsync(ct);
        }
    }

    internal static CloudException Failed(string doing, ArmAnswer answer) => answer is ArmAnswer.Refused refused
        ? new CloudException($"{doing}: Azure answered {(int)refused.Status} {AzureFault.Of(refused.Error)}", refused.Status, refused.Error.Code)
        : answer.ToException(doing);

    internal static T? Read<T>(ArmAnswer.Ok answer, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return answer.Body.Length == 0 ? null : JsonSerializer.Deserialize(answer.Body, type);
        }
        catch (JsonException)
        {
            // What was done is read again from where it is kept.
            return null;
        }
    }

    // Someone else's write is under way on the same thing, or the provider's own copy of it is not there yet.
    private static bool IsBusy(ArmAnswer answer) =>
        answer is ArmAnswer.Refused { Status: HttpStatusCode.Conflict } refused && AzureFailures.IsConflict(refused);

    private async Task<T> PatientAsync<T>(Func<Task<T>> call, Func<T, ArmAnswer> answerOf, CancellationToken ct)
    {
        var waited = TimeSpan.Zero;
        while (true)
        {
            var result = await call();
            if (answerOf(result) is not ArmAnswer.Throttled throttled || waited + throttled.RetryAfter > MostThrottling)
            {
                return result;
            }

            waited += throttled.RetryAfter;
            await Task.Delay(throttled.RetryAfter, _time, ct);
        }
    }
}
