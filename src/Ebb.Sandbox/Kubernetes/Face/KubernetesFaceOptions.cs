using System.Collections.Immutable;
using System.Net;
using Ebb.Sandbox.Certificates;

namespace Ebb.Sandbox.Kubernetes.Face;

/// <summary>How the API is put on the network.</summary>
public sealed record KubernetesFaceOptions
{
    /// <summary>Of this machine. Default: its loopback.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>0 takes any that is free.</summary>
    public int Port { get; init; }

    /// <summary>Further names in the server's certificate.</summary>
    public ImmutableArray<string> Names { get; init; } = [];

    /// <summary>Who signs clients' certificates; null for the authority that signs the server's. Stays the caller's.</summary>
    public Authority? ClientAuthority { get; init; }

    /// <summary>Opens everything to whoever bears it; null: only certificates do.</summary>
    public string? AdminToken { get; init; }

    /// <summary>How often a watch that wants bookmarks gets one. Default 1 min.</summary>
    public TimeSpan BookmarkEvery { get; init; } = TimeSpan.FromMinutes(1);
}
