using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>How a caller follows work that goes on after the answer.</summary>
internal static class AsyncHeaders
{
    /// <summary>The headers of a compute operation; empty when nothing goes on.</summary>
    public static (string Name, string Value)[] Compute(ArmRequest r, CloudWorld world, AzureFaceOptions options, Operation? operation, bool location)
    {
        if (operation is null)
        {
            return [];
        }

        var url = $"{r.BaseUrl}/subscriptions/{world.Options.SubscriptionId}/providers/Microsoft.Compute/locations/{world.Options.Location}" +
            $"/operations/{operation.Id}?p={operation.Id}&api-version={Uri.EscapeDataString(r.ApiVersion)}";
        var retry = ("Retry-After", RetryAfter(options));
        return location
            ? [("Azure-AsyncOperation", url), ("Location", url + "&monitor=true"), retry]
            : [("Azure-AsyncOperation", url), retry];
    }

    public static string RetryAfter(AzureFaceOptions options) => ((long)Math.Ceiling(options.PollAfter.TotalSeconds)).ToString();
}
