namespace Ebb.Sandbox.Kubernetes.Face;

/// <summary>How the API is put on the network.</summary>
public sealed record KubernetesFaceOptions
{
    /// <summary>On the loopback; 0 takes any that is free.</summary>
    public int Port { get; init; }

    /// <summary>Opens everything to whoever bears it; null: only certificates do.</summary>
    public string? AdminToken { get; init; }

    /// <summary>How often a watch that wants bookmarks gets one. Default 1 min.</summary>
    public TimeSpan BookmarkEvery { get; init; } = TimeSpan.FromMinutes(1);
}
