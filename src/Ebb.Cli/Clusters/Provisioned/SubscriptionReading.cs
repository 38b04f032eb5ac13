using System.Collections.Immutable;
using System.Net;
using Ebb.Clouds;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>What is read of a subscription as a whole before anything is made. Rights in its resource groups do not contain it.</summary>
internal static class SubscriptionReading
{
    private static readonly ImmutableArray<string> Actions =
    [
        "Microsoft.Resources/subscriptions/locations/read",
        "Microsoft.Resources/subscriptions/providers/read",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Compute/skus/read",
        "Microsoft.Compute/locations/usages/read",
        "Microsoft.Network/locations/usages/read",
        "Microsoft.Network/locations/checkDnsNameAvailability/read",
        "Microsoft.Storage/checknameavailability/read",
    ];

    /// <exception cref="EbbException">Whoever runs this may not read all of it; which right that takes, and who gives it by which command, is named.</exception>
    public static async Task<T> RequireAsync<T>(string subscription, Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (CloudException e) when (e.Status is HttpStatusCode.Forbidden)
        {
            throw new EbbException(
                $"You may not read all that has to be known of subscription '{subscription}' before anything is made: {e.Message.TrimEnd('.')}. "
                + $"That takes the role Reader in the subscription, or one that allows {string.Join(", ", Actions)}; roles in resource groups, Owner too, do not contain it. "
                + $"Ask an owner of the subscription to run: az role assignment create --role Reader --assignee YOU --scope /subscriptions/{subscription}. "
                + "Rights that were just given take some minutes. Nothing has been made.",
                e);
        }
    }
}
