using Ebb.Cli.Definition;
using Ebb.Cli.Reports;
using Ebb.Sandbox.Machines.Nspawn;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>What of a cluster's file the sandbox with Kubernetes' own programs and real machines can do on this host.</summary>
internal static class RealSandboxFit
{
    /// <param name="room">How many machines this host can run at a time.</param>
    /// <exception cref="EbbException">It cannot be made there at all.</exception>
    public static void Require(ClusterFile file, string path, int room)
    {
        if (!file.Cloud.IsSandbox)
        {
            throw new EbbException($"--kubernetes real is for 'cloud.endpoint: sandbox', and {path} names your own subscription, where everything is real. Leave it out.");
        }

        if (file.Kubernetes.Distribution is not Distribution.Kubelet)
        {
            throw new EbbException($"With --kubernetes real Ebb runs Kubernetes' own programs, not k3s. Write 'kubernetes: {{distribution: kubelet}}' in {path}, or leave the option out.");
        }

        var least = file.Pools.Sum(pool => Math.Max(pool.Min, pool.KeepWarm));
        if (least > room)
        {
            throw new EbbException(
                $"{path} asks for {Words.Count(least, "machine")} from the start, and this host has room for {room}. Lower 'min' or 'keepWarm' of its pools, or make room: {MakeRoom(least)}.");
        }
    }

    /// <summary>What will be otherwise than the file says, each as a sentence with what to do about it.</summary>
    /// <inheritdoc cref="Require"/>
    public static IEnumerable<string> Notes(ClusterFile file, int room)
    {
        if (!file.Storage.Shares.IsEmpty)
        {
            yield return $"Not mounted on machines here: {string.Join(", ", file.Storage.Shares.Select(share => $"share '{share.Name}' at {share.MountAt}"))}. "
                + "The sandbox's file service speaks no SMB; what pods write there stays on their machine, and goes with it.";
        }

        var most = file.Pools.Sum(pool => pool.Max);
        if (most > room)
        {
            yield return $"Pools may grow to {most} machines, and this host has room for {room}: those beyond do not boot. Lower 'max' of the pools, or make room: {MakeRoom(most)}.";
        }
    }

    private static string MakeRoom(int machines) => $"sysctl fs.inotify.max_user_instances={NspawnSupport.InstancesFor(machines)}";
}
