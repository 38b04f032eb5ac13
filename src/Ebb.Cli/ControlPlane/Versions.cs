using Ebb.Cli.ControlPlane.Components;

namespace Ebb.Cli.ControlPlane;

/// <summary>What the programs at hand are.</summary>
internal sealed record Versions(ReleaseVersion Kubernetes, ReleaseVersion Etcd)
{
    /// <exception cref="EbbException">One is missing or does not run, or they do not belong together.</exception>
    public static async Task<Versions> ReadAsync(Binaries binaries, TimeProvider time, CancellationToken ct)
    {
        string[] names = [KubeApiServer.Name, KubeControllers.Name, KubeScheduler.Name, EtcdMember.Binary];
        var found = await Task.WhenAll(names.Select(name => binaries.VersionAsync(name, time, ct)));
        var (api, etcd) = (found[0], found[^1]);
        for (var i = 1; i < names.Length - 1; i++)
        {
            if ((found[i].Major, found[i].Minor) != (api.Major, api.Minor))
            {
                throw new EbbException(
                    $"{binaries.Of(names[i])} is of Kubernetes {found[i]} and {binaries.Of(names[0])} of {api}. Let {Binaries.Variable} name a directory with all of one release.");
            }
        }

        if (api < ComponentSpecs.Oldest)
        {
            throw new EbbException($"{binaries.Of(names[0])} is of Kubernetes {api}; Ebb runs {ComponentSpecs.Oldest.Major}.{ComponentSpecs.Oldest.Minor} and later.");
        }

        // These three lose writes: a member can come back from a crash with other data than the rest.
        if (etcd >= new ReleaseVersion(3, 5, 0) && etcd < new ReleaseVersion(3, 5, 3))
        {
            throw new EbbException($"{binaries.Of(EtcdMember.Binary)} is of etcd {etcd}, which loses data. Use 3.5.3 or later, or 3.4.");
        }

        return new Versions(api, etcd);
    }
}
