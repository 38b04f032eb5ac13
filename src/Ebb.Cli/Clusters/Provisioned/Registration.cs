using System.Collections.Immutable;
using System.Net;
using Ebb.Clouds;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>
/// Has a subscription register with what a cluster takes and it has never used. Before that Azure says nothing of its sizes, quotas and
/// free names: whatever was planned is planned anew afterwards, and nothing else is made until then.
/// </summary>
internal sealed class Registration(SubscriptionFacts facts, TimeProvider time, Random random, Action<ProvisionEvent> tell)
{
    public const string Compute = "Microsoft.Compute";

    public const string Network = "Microsoft.Network";

    public const string Storage = "Microsoft.Storage";

    // Who answers for a namespace may not everywhere have heard at once that it is registered.
    private static readonly TimeSpan HeardWithin = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan AskAgainAtLast = TimeSpan.FromSeconds(30);

    /// <summary>What a plan cannot know while these are not registered, for people.</summary>
    public static string Note(ImmutableArray<string> providers, string subscription)
    {
        var open = new List<string>();
        if (providers.Contains(Compute))
        {
            open.Add("machine sizes and their quotas");
        }

        if (providers.Contains(Network))
        {
            open.Add("the name in DNS and the quota of public addresses");
        }

        if (providers.Contains(Storage))
        {
            open.Add("the names of storage accounts");
        }

        return $"Subscription '{subscription}' has never used {Listed(providers)}: 'ebb up' registers it with {(providers.Length == 1 ? "that" : "those")} first, which costs nothing and takes Azure some minutes. "
            + (open.Count == 0 ? "The rest is planned anew then." : $"Not checked yet, since Azure answers only then: {string.Join("; ", open)}.");
    }

    public static string Question(ImmutableArray<string> providers, string subscription) => $"Register subscription '{subscription}' with {Listed(providers)}?";

    /// <summary>What whoever may not do it has somebody else do.</summary>
    public static string Remedy(IEnumerable<string> providers, string subscription) =>
        $"Ask whoever has the role Contributor or Owner in the subscription to run: {Commands(providers, subscription)}.";

    public static string Commands(IEnumerable<string> providers, string subscription) =>
        string.Join("; ", providers.Select(provider => $"az provider register --wait --subscription {subscription} --namespace {provider}"));

    public static string Listed(ImmutableArray<string> providers) =>
        providers is [.. var first, var last] && first.Length > 0 ? $"{string.Join(", ", first)} and {last}" : providers[0];

    /// <summary>Registers them, and asks once more what could not be answered before.</summary>
    /// <exception cref="EbbException">Whoever runs this may not.</exception>
    /// <exception cref="TimeoutException">Azure has not done it yet; it goes on.</exception>
    public async Task<T> CompleteAsync<T>(ImmutableArray<string> providers, Func<CancellationToken, Task<T>> ask, CancellationToken ct)
    {
        await RegisterAsync(providers, ct);
        var backoff = new Backoff(AskAgainAfter, AskAgainAtLast, time, random);
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await ask(ct);
            }
            catch (CloudException e) when (SubscriptionFacts.IsNotRegistered(e) && time.GetElapsedTime(started) < HeardWithin)
            {
                await backoff.FailedAsync(ct);
            }
        }
    }

    private async Task RegisterAsync(ImmutableArray<string> providers, CancellationToken ct)
    {
        var what = $"Registering the subscription with {Listed(providers)}";
        tell(new ProvisionEvent.Began("register", what));
        var started = time.GetTimestamp();
        foreach (var provider in providers)
        {
            try
            {
                await facts.RegisterAsync(provider, ct);
            }
            catch (CloudException e) when (e.Status is HttpStatusCode.Forbidden)
            {
                throw new EbbException($"{e.Message.TrimEnd('.')}. {Remedy(providers, facts.SubscriptionId)} No resource has been made.", e);
            }
        }

        // Each takes minutes: all at once.
        foreach (var provider in providers)
        {
            await facts.AwaitRegisteredAsync(provider, ct);
        }

        tell(new ProvisionEvent.Ended("register", what, Changed: true, time.GetElapsedTime(started)));
    }
}
