using Ebb.Cli.Operating;
using Ebb.Clouds;
using Ebb.Pools;

namespace Ebb.Cli.Clusters.Provisioned.Upgrading;

/// <summary>How the machines of pools come to a release: each in its turn is emptied, given a fresh disk, and joins again.</summary>
internal static class PoolUpgrade
{
    public static OperationRequest Request(string release, UpgradeRequest request) => new()
    {
        Operation = MachineOperation.Reimage,
        Pool = request.Pool,
        AtOnce = request.AtOnce,
        DrainWithin = request.DrainWithin,
        DoneWithin = request.ReadyWithin,
        IdleFirst = true,
        Forceable = false,
        Needless = candidate => IsAt(candidate, release),
    };

    /// <summary>What has not joined yet joins at the control plane's release; what is stopped does when it is started.</summary>
    private static bool IsAt(Candidate candidate, string release) =>
        candidate.Machine.State is MachineState.Stopped or MachineState.Deallocated
        || !candidate.Joined
        || (candidate.Release == release && candidate.Machine.LatestModel is not false && !candidate.OldDisk);
}
