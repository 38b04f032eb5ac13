using System.Collections.Immutable;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>
/// What an earlier run has ordered, or somebody elsewhere, and Azure still carries out. To be waited for before anything is planned:
/// what seems to be missing may just be coming, and what comes may be otherwise than the file says by now.
/// </summary>
internal sealed class EarlierDeployments(ClusterFile file, TemplateDeployments deployments, TimeProvider time)
{
    private readonly ImmutableArray<Blueprint> _both =
    [
        new("storage", file.Cloud.StorageGroup, ResourceNames.StorageDeployment, [], []),
        new("compute", file.Cloud.ComputeGroup, ResourceNames.ComputeDeployment, [], []),
    ];

    public async Task<bool> AnyAsync(CancellationToken ct)
    {
        foreach (var one in _both)
        {
            if (await RunsAsync(one, ct))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Until none runs, however each ends: one that fails is made again by what is planned then.</summary>
    public async Task AwaitAsync(Action<ProvisionEvent> tell, CancellationToken ct)
    {
        foreach (var one in _both)
        {
            if (await RunsAsync(one, ct))
            {
                tell(Deploying.RunsAlready(one));
                await new Deploying(deployments, time, tell).FollowAsync(one, ct);
            }
        }
    }

    private async Task<bool> RunsAsync(Blueprint one, CancellationToken ct) => await deployments.FindAsync(one.Group, one.Name, ct) is { Ended: false };
}
