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

    public IEnumerable<string> ToArguments() =>
        ["--region", Region, "--speed", Speed.ToString(CultureInfo.InvariantCulture)];
}
