using System.Globalization;
using Ebb.Cli.ControlPlane.Pki;

namespace Ebb.Cli.Sandboxes;

/// <summary>What a user may choose about a sandbox.</summary>
internal sealed record SandboxSettings
{
    /// <summary>How many machines the pool may have at most. Default 10, 1 to 1000.</summary>
    public int Max { get; init; } = 10;

    /// <summary>How long a machine stays idle before it goes. Default 60 s: soon enough to be watched; 1 s to 24 h.</summary>
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How many times faster than usual machines boot and go. Default 1: about 15 s to boot. 0.1 to 1000.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>Port of the Kubernetes API on 127.0.0.1; 0 for any that is free.</summary>
    public int Port { get; init; }

    /// <summary>Null for what there is, and embedded where there is nothing yet.</summary>
    public KubernetesKind? Kubernetes { get; init; }

    /// <summary>What the machines of a real Kubernetes are; null for the best that works here.</summary>
    public MachineKind? Machines { get; init; }

    /// <summary>How many members the etcd of a real Kubernetes has: 1 or 3; null for as many as there are, and 1 in a new one.</summary>
    public int? EtcdMembers { get; init; }

    /// <summary>What kind of keys a new real Kubernetes gets; null for ECDSA. Keys that exist stay as they are.</summary>
    public KeyAlgorithm? Keys { get; init; }

    public IEnumerable<string> Problems()
    {
        if (Max is < 1 or > 1000)
        {
            yield return $"--max is {Max}; it must be from 1 to 1000.";
        }

        if (IdleAfter < TimeSpan.FromSeconds(1) || IdleAfter > TimeSpan.FromHours(24))
        {
            yield return $"--idle-after is {IdleAfter.TotalSeconds:0.###}s; it must be from 1s to 24h.";
        }

        if (Speed is not (>= 0.1 and <= 1000))
        {
            yield return $"--speed is {Speed}; it must be from 0.1 to 1000.";
        }

        if (Port is < 0 or > 65535)
        {
            yield return $"--port is {Port}; it must be from 1 to 65535, or 0 for any that is free.";
        }

        foreach (var problem in ProblemsOfKind())
        {
            yield return problem;
        }
    }

    public IEnumerable<string> ToArguments() =>
    [
        "--max", Max.ToString(CultureInfo.InvariantCulture),
        "--idle-after", $"{IdleAfter.TotalSeconds.ToString(CultureInfo.InvariantCulture)}s",
        "--speed", Speed.ToString(CultureInfo.InvariantCulture),
        "--port", Port.ToString(CultureInfo.InvariantCulture),
        .. Argument("--kubernetes", Kubernetes),
        .. Argument("--machines", Machines),
        .. Argument("--etcd", EtcdMembers),
        .. Argument("--keys", Keys),
    ];

    private IEnumerable<string> ProblemsOfKind()
    {
        if (EtcdMembers is not (null or 1 or 3))
        {
            yield return $"--etcd is {EtcdMembers}; it must be 1, or 3 of which one may fail.";
        }

        if (Kubernetes is KubernetesKind.Embedded && EtcdMembers is not null)
        {
            yield return "--etcd goes with --kubernetes real.";
        }

        if (Kubernetes is KubernetesKind.Embedded && Keys is not null)
        {
            yield return "--keys goes with --kubernetes real.";
        }

        if (Kubernetes is KubernetesKind.Embedded && Machines is not null)
        {
            yield return "--machines goes with --kubernetes real.";
        }
    }

    private static string[] Argument<T>(string option, T? value)
        where T : struct =>
        value is { } chosen ? [option, $"{chosen}".ToLowerInvariant()] : [];
}
