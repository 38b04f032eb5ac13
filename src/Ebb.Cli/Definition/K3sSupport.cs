using System.Collections.Immutable;
using Ebb.Cli.ControlPlane.Components;

namespace Ebb.Cli.Definition;

/// <summary>Which releases of k3s do what a cluster's file asks for.</summary>
internal static class K3sSupport
{
    /// <summary>
    /// Of the first release whose servers read <c>config.yaml.d</c>, where what is one machine's own stands: which other servers it
    /// joins, its address, its provider id. Older ones start all the same, each a cluster of its own (k3s-io/k3s issue 3207).
    /// </summary>
    public const int OldestMinor = 21;

    // Of a minor release each. Before these a plugin that k3s brings crashed whenever CRI-O checked a pod's network, and no pod got beyond
    // ContainerCreating (k3s-io/k3s issues 13344 and 13818 to 13820). The same was done for v1.32, and no release of that has it.
    private static readonly ImmutableArray<ReleaseVersion> FirstUnderCriO = [new(1, 33, 10), new(1, 34, 6), new(1, 35, 3)];

    /// <summary>What its channel may come to.</summary>
    /// <param name="channel">As <c>v1.33</c>; null is given back for others.</param>
    public static ReleaseVersion? NewestOf(string channel) =>
        channel.StartsWith('v') && ReleaseVersion.Find(channel + ".0") is { } first ? first with { Patch = int.MaxValue } : null;

    /// <summary>Why pods would not run, with the remedy; null when nothing is against it.</summary>
    /// <param name="name">Of the release, for people.</param>
    public static string? Problem(ReleaseVersion release, ContainerRuntime runtime, string name)
    {
        var first = FirstUnderCriO.FirstOrDefault(first => first.Minor >= release.Minor);
        return runtime is ContainerRuntime.CriO && release < first
            ? $"with cri-o, pods of k3s {name} never start: a network plugin that it brings crashes there. Write v{first}+k3s1 or newer, or 'containerRuntime: containerd'."
            : null;
    }
}
