using Ebb.Cli.Clusters.Provisioned.Hardware;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Kubernetes;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>The work of 'ebb up' whose plan is made: from what machines that are gone have left to nodes that are ready.</summary>
/// <param name="files">What is to lie on the cluster's own share.</param>
internal sealed class UpRun(ClusterPlan plan, IReadOnlyList<ShareFile> files, UpReach reach, bool force, Action<ProvisionEvent> tell)
{
    private const string Ready = "kubernetes";

    private const string WhatReady = "Kubernetes and its nodes";

    /// <param name="reached">Is told of the deployment that says where the cluster is, before Kubernetes there is asked anything.</param>
    public async Task RunAsync(Action<Deployment> reached, CancellationToken ct)
    {
        await new GoneMembers(reach, tell).ForgetAsync(plan, ct);
        await ForgetAsync(ct);
        var hardware = new HardwareStep(plan, reach, force, tell);
        await hardware.LeaveAsync(ct);
        reached(await new ClusterUp(reach.Cloud, reach.Time, reach.NewRandom(), tell).ApplyAsync(plan, files, ct));
        await hardware.PowerOnAsync(ct);
        await reach.ControlPlaneAsync(plan, force, tell, ct);
        await hardware.ChangeAsync(ct);
        await ReadyAsync(ct);
        await hardware.SettleAsync(ct);
    }

    /// <summary>What machines of before, which are gone, have left on storage that outlived them.</summary>
    private async Task ForgetAsync(CancellationToken ct)
    {
        var gone = ControlPlaneParts.Missing(plan.Names, plan.Hardware.Machines);
        if (!gone.IsEmpty && await OrdersShare.OpenAsync(reach.Cloud, plan.Names, reach.Time, reach.NewRandom(), ct) is { } share)
        {
            await share.ForgetAsync(gone, cluster: gone.Length == plan.ControlPlane!.Names.Length, ct);
        }
    }

    /// <summary>Waits until what the file asks for is there.</summary>
    private async Task ReadyAsync(CancellationToken ct)
    {
        tell(new ProvisionEvent.Began(Ready, WhatReady));
        var started = reach.Time.GetTimestamp();
        var least = await AwaitedNodes.CountAsync(plan.File, reach.Cloud, reach.Flag, tell, ct);
        using var client = reach.Open();
        await new Readiness(client, reach.Time, tell).WaitAsync(least, ct);
        tell(new ProvisionEvent.Ended(Ready, WhatReady, Changed: true, reach.Time.GetElapsedTime(started)));
    }
}

/// <summary>What 'ebb up' reaches.</summary>
/// <param name="Known">Whether it is known already how the cluster is reached.</param>
/// <param name="Open">A client of the cluster, for whoever asks to dispose of.</param>
/// <param name="Flag">How commands about this cluster go on.</param>
internal sealed record UpReach(CloudAccess Cloud, Func<bool> Known, Func<KubeClient> Open, string Flag, TimeProvider Time, Func<Random> NewRandom, ILoggerFactory Loggers)
{
    /// <summary>Has the control plane's machines become what lies on the share.</summary>
    public async Task ControlPlaneAsync(ClusterPlan plan, bool force, Action<ProvisionEvent> tell, CancellationToken ct)
    {
        using var client = Open();
        await ControlPlaneStep.RunAsync(Cloud, client, plan, force, Time, NewRandom(), tell, ct);
    }
}
