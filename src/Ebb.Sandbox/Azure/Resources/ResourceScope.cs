using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>What a resource may lie in.</summary>
internal static class ResourceScope
{
    /// <summary>Why a scope is not there; null when it is.</summary>
    public static CloudError? Missing(ResourceStore store, string scope)
    {
        var segments = scope.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (segments.Length > 3 && !store.World.GroupExists(segments[3]))
        {
            return CloudErrors.GroupNotFound(segments[3]);
        }

        return ResourceId.Parse(scope) is not { } id || Holds(store, id) ? null : ResourceRoutes.NotFound(id);
    }

    // Scale sets are the world's; what no provider here keeps is not looked for.
    private static bool Holds(ResourceStore store, ResourceId id) =>
        store.Find(id) is not null
        || (JsonRead.Is(id.FullType, "Microsoft.Compute/virtualMachineScaleSets")
            ? store.World.Find(id.Group!, id.Name) is not null
            : store.TypeOf(id.FullType) is null);

    public static bool IsGroup(string scope) => scope.Split('/', StringSplitOptions.RemoveEmptyEntries) is [var first, _, var third, _]
        && first.Equals("subscriptions", StringComparison.OrdinalIgnoreCase)
        && third.Equals("resourceGroups", StringComparison.OrdinalIgnoreCase);

    /// <summary>The scope in the casing in which it was created.</summary>
    public static string Canonical(ResourceStore store, string scope)
    {
        var segments = scope.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return segments.Length switch
        {
            2 => store.Subscription,
            4 when store.World.FindGroup(segments[3]) is { } group => group.ResourceId,
            > 4 when store.Find(scope) is { } resource => resource.Id.Text,
            _ => scope,
        };
    }
}
