using System.Collections.Immutable;
using System.Net;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>What of this machine goes into a cluster: keys, programs, files. Made or found; nothing is asked of the cloud.</summary>
internal sealed record ClusterInputs(RenderInputs Rendering, ClusterKeys Keys, IReadOnlyList<ShareFile> Files)
{
    /// <param name="path">The cluster's file, as it was named.</param>
    /// <param name="home">Held by the caller, unless nothing is to be made.</param>
    /// <param name="make">Makes the keys that are missing and renews those near their end; else nothing is written, and a missing one is an error.</param>
    /// <exception cref="EbbException">Something is missing or cannot be read.</exception>
    public static ClusterInputs Gather(
        ClusterFile file, string path, ClusterHome home, string subscription, ImmutableArray<IPNetwork> own, bool make, TimeProvider time)
    {
        var names = new ResourceNames(file, subscription);
        var keys = new ClusterKeys(home, time);
        if (make)
        {
            keys.Ensure(file.Name, names.ControlPlane.Select(index => names.ControlPlaneAddress(index).ToString()));
        }

        var programs = Programs.Locate(standalone: !file.Cloud.IsSandbox);
        var airGap = file.Options.AirGapped ? AirGapDirectory.Of(path, file.Kubernetes.Distribution, Environment.GetEnvironmentVariable) : null;
        List<ShareFile> files = [.. keys.Shared(), .. programs.Shared(), .. airGap?.Shared() ?? []];
        if (file.Options.Tailscale is { } tailscale)
        {
            files.Add(ShareFile.OfText(SystemShare.TailscaleKey, tailscale.AuthKey.Reveal() + "\n"));
        }

        return new ClusterInputs(
            new RenderInputs
            {
                SubscriptionId = subscription,
                OwnAddresses = own,
                SshPublicKeys = [.. SshKeys.Public(file.Access.SshKeyFile, home, make)],
                JoinAuthorityPem = keys.JoinAuthorityPem,
                SharesKey = KeyState.Read(home).SharesKey,
                StagesAuthorities = KeyState.Read(home).StagesAuthorities,
                AgentHashes = programs.AgentHashes,
                EbbHash = programs.EbbHash,
                AirGapHashes = airGap?.Hashes() ?? ImmutableSortedDictionary<string, string>.Empty,
            },
            keys,
            files);
    }

    public static bool NeedOwnAddress(AccessDefinition access) =>
        access.SshFrom.OwnAddress || access.ApiFrom.OwnAddress || access.IngressFrom.OwnAddress;
}
