using System.Collections.Immutable;
using System.Net;

namespace Ebb.Cli.Provisioning;

/// <summary>All that a rendering depends on beside the cluster's file. No clock and no chance: the same inputs give the same texts.</summary>
internal sealed record RenderInputs
{
    /// <summary>Names that must be unique in all of Azure are derived from it.</summary>
    public required string SubscriptionId { get; init; }

    /// <summary>Where whoever runs Ebb comes from, for <c>own</c> in the file's lists of who may reach what.</summary>
    public ImmutableArray<IPNetwork> OwnAddresses { get; init; } = [];

    /// <summary>In OpenSSH's form, one line each; at least one.</summary>
    public required ImmutableArray<string> SshPublicKeys { get; init; }

    /// <summary>The authority of the join server, whose hash every machine is given.</summary>
    public required string JoinAuthorityPem { get; init; }

    /// <summary>The key that is taken of an account where nothing says otherwise.</summary>
    public const string FirstKey = "key1";

    /// <summary>Which key of the shares' account machines mount with: <c>key1</c> or <c>key2</c>.</summary>
    public string SharesKey { get; init; } = FirstKey;

    /// <summary>Whether Kubernetes' authorities are others than those that the cluster began with, and machines are to have them at hand.</summary>
    public bool StagesAuthorities { get; init; }

    /// <summary>SHA-256, in hexadecimal, of <c>ebb-agent</c> by architecture: <c>amd64</c>, <c>arm64</c>.</summary>
    public required ImmutableSortedDictionary<string, string> AgentHashes { get; init; }

    /// <summary>SHA-256 of the <c>ebb</c> that the control plane runs, in hexadecimal.</summary>
    public required string EbbHash { get; init; }

    /// <summary>SHA-256 of each file for machines that reach nothing outside, by its name in <see cref="SystemShare.AirGap"/>.</summary>
    public ImmutableSortedDictionary<string, string> AirGapHashes { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>
    /// How many machines each scale set has now, by its name; the file's least number for one that is not there. A template that
    /// said less than there are would remove machines, whatever runs on them.
    /// </summary>
    public ImmutableSortedDictionary<string, int> Capacities { get; init; } = ImmutableSortedDictionary<string, int>.Empty;

    /// <summary>What the cloud says of machine sizes, by name; one that is missing is taken as its name tells.</summary>
    public ImmutableSortedDictionary<string, SizeTraits> Sizes { get; init; } =
        ImmutableSortedDictionary.Create<string, SizeTraits>(StringComparer.OrdinalIgnoreCase);

    public SizeTraits TraitsOf(string size) => Sizes.TryGetValue(size, out var traits) ? traits : SizeTraits.ByName(size);
}
