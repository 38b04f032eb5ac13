using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>How a provider has its callers follow work that goes on: the paths of its operations, and what a write says of them.</summary>
/// <param name="Results">The last segments of the <c>Location</c>; compute has the operation itself with a parameter.</param>
internal sealed record FollowForm(string Operations, string Results)
{
    private static readonly FollowForm Compute = new("operations", "operations");
    private static readonly FollowForm Network = new("operations", "operationResults");
    private static readonly FollowForm Storage = new("asyncoperations", "asyncoperations");

    /// <summary>A write's answer has only a <c>Location</c>, status 202 and no body.</summary>
    public bool OnlyLocation => this == Storage;

    public static FollowForm Of(string space) => space.ToLowerInvariant() switch
    {
        "microsoft.compute" => Compute,
        "microsoft.storage" => Storage,
        _ => Network,
    };

    /// <summary>The headers of an answer whose work goes on; empty when it does not.</summary>
    public (string Name, string Value)[] Headers(ArmRequest r, ResourceStore store, string space, Operation? operation, bool location)
    {
        if (operation is null)
        {
            return [];
        }

        var root = $"{r.BaseUrl}{store.Subscription}/providers/{space}/locations/{store.World.Options.Location}";
        var version = $"api-version={Uri.EscapeDataString(r.ApiVersion)}";
        var follow = this == Compute
            ? $"{root}/{Operations}/{operation.Id}?p={operation.Id}&{version}"
            : $"{root}/{Operations}/{operation.Id}?{version}";
        var result = Results == Operations ? follow + "&monitor=true" : $"{root}/{Results}/{operation.Id}?{version}";
        var retry = ("Retry-After", AsyncHeaders.RetryAfter(store.Options));
        return OnlyLocation
            ? [("Location", result), retry]
            : location
                ? [("Azure-AsyncOperation", follow), ("Location", result), retry]
                : [("Azure-AsyncOperation", follow), retry];
    }
}
