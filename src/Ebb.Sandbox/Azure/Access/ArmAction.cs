using Ebb.Sandbox.Azure.Resources;

namespace Ebb.Sandbox.Azure.Access;

/// <summary>What a request does, as roles name it, and where.</summary>
internal sealed record ArmAction(string Name, string Scope)
{
    private const string Groups = "Microsoft.Resources/subscriptions/resourceGroups";

    /// <summary>Null for what needs no role: finding out what one may see, and following work that one was allowed to begin.</summary>
    public static ArmAction? Of(ResourceStore store, ArmRequest r, Func<string, string?> casing)
    {
        var verb = r.Method switch { "GET" or "HEAD" => "read", "DELETE" => "delete", "POST" => "action", _ => "write" };
        if (ResourceId.At(r.Segments) is var (scope, tail))
        {
            return OfProvider(store, r, verb, scope, tail, casing);
        }

        return r.Lower switch
        {
            ["subscriptions", _, "locations"] => new ArmAction("Microsoft.Resources/subscriptions/locations/read", store.Subscription),
            ["subscriptions", _, "providers"] => new ArmAction("Microsoft.Resources/subscriptions/providers/read", store.Subscription),
            ["subscriptions", _, "resourcegroups", _] => new ArmAction($"{Groups}/{verb}", Canonical(store, r.Segments[..4])),
            ["subscriptions", _, "resourcegroups", _, "resources"] => new ArmAction($"{Groups}/resources/read", Canonical(store, r.Segments[..4])),
            ["subscriptions", _, "resourcegroups", _, "deployments", ..] => new ArmAction("Microsoft.Resources/deployments/operations/read", Canonical(store, r.Segments[..4])),
            ["subscriptions", _, "deployments", ..] => new ArmAction("Microsoft.Resources/deployments/operations/read", store.Subscription),
            ["subscriptions", _, "resourcegroups", _, var action] => new ArmAction($"{Groups}/{action}/action", Canonical(store, r.Segments[..4])),
            ["sandbox", var what, ..] => new ArmAction($"Sandbox/{what}/{verb}", store.Subscription),

            // Lists of subscriptions, groups and resources show what the caller may read.
            _ => null,
        };
    }

    private static ArmAction? OfProvider(ResourceStore store, ArmRequest r, string verb, string scope, string[] tail, Func<string, string?> casing)
    {
        // Reads of the tenant: roles, providers.
        if (scope.Length == 0 && verb == "read")
        {
            return null;
        }

        var at = scope.Length == 0 ? "" : Canonical(store, scope.Split('/', StringSplitOptions.RemoveEmptyEntries));
        switch (tail)
        {
            case [_]:
                return new ArmAction("Microsoft.Resources/subscriptions/providers/read", at);
            case [var space, var register] when r.Method == "POST" && register.ToLowerInvariant() is "register" or "unregister":
                return new ArmAction($"{space}/{register}/action", at);
            case [_, var locations, _, var operations, ..] when locations.Equals("locations", StringComparison.OrdinalIgnoreCase)
                && operations.ToLowerInvariant() is "operations" or "operationresults" or "asyncoperations":
                return null;
        }

        var id = ResourceId.Of(at, tail);
        var whole = tail.Length % 2 == 1;
        var typeName = whole ? id.FullType : $"{(id.Names.Length > 0 ? id.FullType : tail[0])}/{tail[^1]}";
        var target = id.Names.Length > 0 ? store.Find(id)?.Id.Text ?? id.Text : at;
        if (whole || r.Method != "POST")
        {
            return new ArmAction($"{casing(typeName) ?? typeName}/{verb}", target);
        }

        // Whether a name is free is a question, though it is posted.
        return id.Names.Length == 0 && tail[^1].StartsWith("check", StringComparison.OrdinalIgnoreCase)
            ? new ArmAction($"{tail[0]}/{tail[^1]}/read", at)
            : new ArmAction($"{(id.Names.Length > 0 ? casing(id.FullType) ?? id.FullType : tail[0])}/{tail[^1]}/action", target);
    }

    private static string Canonical(ResourceStore store, string[] segments) =>
        ResourceScope.Canonical(store, string.Concat(segments.Select(s => "/" + s)));
}
