using System.Security.Cryptography;
using System.Text;
using Ebb.Sandbox.Cloud;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>What the cloud of one cluster's subscription is like.</summary>
internal static class SubscriptionWorld
{
    public static CloudOptions Options(string cluster, SubscriptionSettings settings) => new()
    {
        // One for each cluster: what is named after the subscription must not meet.
        SubscriptionId = Id("subscription", cluster),
        Location = settings.Region,

        // All of 127/8 is this machine, so that a public address of the cloud is one that answers here; and each cluster has its own.
        PublicRange = PublicRange(cluster),
        Accept = Seconds(0.3, 0.8, settings),
        Create = Seconds(3, 6, settings),
        Boot = Seconds(5, 9, settings),
        Stop = Seconds(1, 3, settings),
        Delete = Seconds(3, 6, settings),
    };

    private static Latency Seconds(double min, double max, SubscriptionSettings settings) => Latency.Seconds(min / settings.Speed, max / settings.Speed);

    private static string PublicRange(string cluster)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"public:{cluster}"));

        // Away from both ends, where others' services are.
        return $"127.{64 + (hash[0] % 128)}.{hash[1]}.0/24";
    }

    private static string Id(string what, string cluster)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{what}:{cluster}")).AsSpan(0, 16);
        hash[7] = (byte)((hash[7] & 0x0f) | 0x40);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Guid(hash).ToString();
    }
}
