using System.Collections.Frozen;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>
/// Which namespaces the subscription has registered. One that it has not answers nothing, not even questions about sizes, quotas or
/// names. Used under the world's gate.
/// </summary>
internal sealed class Registrations(CloudWorld world, AzureFaceOptions options)
{
    // Azure's own: every subscription has them from its beginning.
    private static readonly FrozenSet<string> Free =
        FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "Microsoft.Authorization", "Microsoft.Resources");

    // From when on each is registered that was not at first; null while nobody has asked for it.
    private readonly Dictionary<string, DateTimeOffset?> _late =
        options.Unregistered.ToDictionary(space => space, _ => (DateTimeOffset?)null, StringComparer.OrdinalIgnoreCase);

    public static string PolicyOf(string space) => Free.Contains(space) ? "RegistrationFree" : "RegistrationRequired";

    public string StateOf(string space) =>
        !_late.TryGetValue(space, out var from) || from <= world.Agenda.Now ? "Registered"
        : from is null ? "NotRegistered"
        : "Registering";

    /// <summary>Begins it, where it has not begun.</summary>
    /// <returns>The state that its caller is told.</returns>
    public string Register(string space)
    {
        var before = StateOf(space);
        if (before == "NotRegistered")
        {
            _late[space] = world.Agenda.Now + options.RegistrationTakes;
        }

        return before == "Registered" ? before : "Registering";
    }

    /// <summary>The refusal of a request to a namespace that is not registered; null where it is, or where the request is about the namespace itself.</summary>
    public CloudError? Refuse(ArmRequest r)
    {
        // The last one: what extends a resource answers by its own namespace.
        var at = Array.LastIndexOf(r.Lower, "providers");
        if (at < 0 || r.Lower[0] != "subscriptions" || r.Lower[(at + 1)..] is [] or [_] or [_, "register"])
        {
            return null;
        }

        // Storage answers this itself, and knows no subscription that has not registered with it.
        return r.Lower[(at + 1)..] is ["microsoft.storage", "checknameavailability"] && StateOf(r.Segments[at + 1]) != "Registered"
            ? new CloudError(404, "SubscriptionNotFound", $"Subscription {world.Options.SubscriptionId} was not found.")
            : Refuse(r.Segments[at + 1]);
    }

    /// <summary>Why nothing of a namespace can be used; null when it can.</summary>
    public CloudError? Refuse(string space)
    {
        if (StateOf(space) == "Registered")
        {
            return null;
        }

        var name = _late.Keys.First(known => known.Equals(space, StringComparison.OrdinalIgnoreCase));
        var error = new CloudError(409, "MissingSubscriptionRegistration",
            $"The subscription is not registered to use namespace '{name}'. See https://aka.ms/rps-not-found for how to register subscriptions.");
        return error with { Details = [error with { Target = name }] };
    }
}
