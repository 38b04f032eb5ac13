using System.Text.Json.Nodes;
using Ebb.Kubernetes.Objects;

namespace Ebb.Kubernetes;

/// <summary>Writes Events. Repeats are counted on the first one, near repeats are combined, and no object gets too many of one kind.</summary>
/// <param name="component">Who tells: shown in the column "From" of <c>kubectl describe</c>.</param>
public sealed class EventRecorder(KubeClient client, string component, string host, TimeProvider time, Random random)
{
    // The server's limit.
    private const int MaxMessage = 1024;

    // Memory for this many recent Events and objects; who is forgotten starts a new Event, no more.
    private const int MaxRemembered = 4096;

    // The server keeps Events for an hour; a repeat later than that is a new one anyway.
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    // An object may get a burst of each reason, then one Event per five minutes: what repeats faster is not read, but fills etcd.
    private const int Burst = 25;
    private static readonly TimeSpan Refill = TimeSpan.FromMinutes(5);

    // So many different texts under one reason within the window, and further ones share one Event.
    private const int MaxVariants = 10;
    private static readonly TimeSpan VariantWindow = TimeSpan.FromMinutes(10);

    // One of its own: what it is made from is shared, and a Random is for one thread at a time.
    private readonly Random _random = new(random.Next());

    private readonly Lock _lock = new();
    private readonly Recent<EventKey, Told> _told = new(MaxRemembered);
    private readonly Recent<EventKey, Variants> _variants = new(MaxRemembered);
    private readonly Recent<(V1ObjectReference About, string Reason), Budget> _budgets = new(MaxRemembered);

    /// <summary>Tells about an object. What is over its share of one reason is dropped; what else there is to tell about it is not.</summary>
    public async Task TellAsync(V1ObjectReference about, bool warning, string reason, string message, CancellationToken ct)
    {
        Told told;
        lock (_lock)
        {
            if (!Spend((about, reason)))
            {
                return;
            }

            message = message.Length > MaxMessage ? message[..(MaxMessage - 1)] + "…" : message;
            (var key, message) = Combine(new EventKey(about, warning, reason, message));
            told = Count(key, message);
        }

        if (told.Count > 1 && await PatchAsync(told, ct))
        {
            return;
        }

        await CreateAsync(about, warning, reason, told, ct);
    }

    private bool Spend((V1ObjectReference About, string Reason) share)
    {
        var now = time.GetTimestamp();
        var budget = _budgets.Find(share) ?? new Budget(Burst, now);
        var left = Math.Min(Burst, budget.Left + (time.GetElapsedTime(budget.At, now) / Refill));
        _budgets.Set(share, new Budget(left >= 1 ? left - 1 : left, now));
        return left >= 1;
    }

    private (EventKey Key, string Message) Combine(EventKey key)
    {
        var now = time.GetTimestamp();
        var group = key with { Message = "" };
        var variants = _variants.Find(group);
        if (variants is null || time.GetElapsedTime(variants.Since, now) > VariantWindow)
        {
            variants = new Variants([], now);
        }

        _variants.Set(group, variants);
        if (variants.Messages.Count >= MaxVariants && !variants.Messages.Contains(key.Message))
        {
            var combined = $"(combined from similar events): {key.Message}";
            return (group, combined.Length > MaxMessage ? combined[..MaxMessage] : combined);
        }

        variants.Messages.Add(key.Message);
        return (key, key.Message);
    }

    private Told Count(EventKey key, string message)
    {
        var now = time.GetUtcNow();
        var told = _told.Find(key) is { } before && now - before.Last < Lifetime
            ? before with { Count = before.Count + 1, Last = now, Message = message }
            : new Told(NameFor(key.About), NamespaceOf(key.About), 1, now, now, message);
        _told.Set(key, told);
        return told;
    }

    /// <summary>False when the Event is gone, so that a new one is due.</summary>
    private async Task<bool> PatchAsync(Told told, CancellationToken ct)
    {
        var last = KubeJson.Write(new V1Event
        {
            Message = told.Message,
            Count = told.Count,
            LastTimestamp = told.Last,
            Series = new() { Count = told.Count, LastObservedTime = told.Last },
        });
        var patch = JsonNode.Parse(last)!.AsObject();
        patch.Remove("metadata");
        patch.Remove("involvedObject");
        try
        {
            await client.PatchAsync(
                Resources.Events, told.Namespace, told.Name, PatchKind.Merge,
                System.Text.Encoding.UTF8.GetBytes(patch.ToJsonString()), WriteOptions.Default, ct);
            return true;
        }
        catch (KubeException e) when (e.NotFound)
        {
            return false;
        }
    }

    private async Task CreateAsync(V1ObjectReference about, bool warning, string reason, Told told, CancellationToken ct)
    {
        var body = new V1Event
        {
            ApiVersion = "v1",
            Kind = "Event",
            Metadata = new() { Name = told.Name, Namespace = told.Namespace },
            InvolvedObject = about,
            Reason = reason,
            Message = told.Message,
            Type = warning ? "Warning" : "Normal",
            Source = new() { Component = component, Host = host },
            FirstTimestamp = told.First,
            LastTimestamp = told.Last,
            Count = told.Count,
            ReportingComponent = component,
            ReportingInstance = host,
        };
        try
        {
            await client.CreateAsync(Resources.Events, body, WriteOptions.Default, ct);
        }
        catch (KubeException e) when (e.HasCause("NamespaceTerminating") || e.NotFound)
        {
            // The object goes with its namespace; nobody is left to read about it.
        }
        catch (KubeException e) when (e.Conflict)
        {
            // Our own earlier attempt arrived after all.
        }
    }

    private string NameFor(V1ObjectReference about) => $"{about.Name}.{_random.NextInt64():x16}";

    // Events live beside their object; those about cluster-wide objects in "default".
    private static string NamespaceOf(V1ObjectReference about) =>
        string.IsNullOrEmpty(about.Namespace) ? "default" : about.Namespace;

    private sealed record EventKey(V1ObjectReference About, bool Warning, string Reason, string Message);

    private sealed record Told(
        string Name, string Namespace, int Count, DateTimeOffset First, DateTimeOffset Last, string Message);

    private sealed record Variants(HashSet<string> Messages, long Since);

    private sealed record Budget(double Left, long At);
}
