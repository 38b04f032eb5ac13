using System.Collections.Immutable;
using System.Globalization;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>What a user may choose about the Azure that runs here.</summary>
internal sealed record SubscriptionSettings
{
    /// <summary>The one region that there is.</summary>
    public string Region { get; init; } = "eastus";

    /// <summary>How many times faster than usual machines boot and go. Default 1: about 15 s to boot.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>Environment variables with secrets that are none of its business.</summary>
    public ImmutableArray<string> Withheld { get; init; } = [];

    /// <summary>What control-plane machines run, and with it what machines of pools are; null for what there is, and embedded where there is nothing yet.</summary>
    public KubernetesKind? Kubernetes { get; init; }

    /// <summary>Whether it begins as Azure's own do, which have registered hardly anything. Default no: all that there is can be used at once.</summary>
    public bool Fresh { get; init; }

    public IEnumerable<string> ToArguments() =>
    [
        .. Kubernetes is { } kind ? new[] { "--kubernetes", Choices.Word(kind) } : [],
        .. Fresh ? ["--fresh"] : Array.Empty<string>(),
        "--region", Region, "--speed", Speed.ToString(CultureInfo.InvariantCulture),
    ];
}
