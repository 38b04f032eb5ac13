using Ebb.Acting;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Definition;
using Ebb.Kubernetes;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Clusters.Provisioned.Hardware;

/// <summary>The steps of 'ebb up' in which control-plane machines become other hardware, or fewer.</summary>
internal sealed class HardwareStep(ClusterPlan plan, UpReach reach, bool force, Action<ProvisionEvent> tell)
{
    private const string Step = "hardware";

    /// <summary>Before the deployment, which has no place for them.</summary>
    public Task LeaveAsync(CancellationToken ct) => RunAsync("Control-plane machines that leave", plan.Hardware.Leaving, ct);

    /// <summary>Before the control plane is given anything new: it would wait for them.</summary>
    public Task PowerOnAsync(CancellationToken ct) => RunAsync("Control-plane machines without power", plan.Hardware.WithoutPower, ct);

    /// <summary>When the control plane is as wanted but for its hardware.</summary>
    public Task ChangeAsync(CancellationToken ct) => RunAsync("Hardware of the control plane, machine by machine", plan.Hardware.Running, ct);

    /// <summary>Last of all: what a run that was cut short has begun comes to its end.</summary>
    public Task SettleAsync(CancellationToken ct) => WithRunAsync(run => run.SettleAsync(plan.Names.ControlPlane.Select(plan.Names.ControlPlaneMachine), ct), ct);

    private async Task RunAsync(string what, IEnumerable<HardwareChange> steps, CancellationToken ct)
    {
        if (!steps.Any())
        {
            return;
        }

        tell(new ProvisionEvent.Began(Step, what));
        var started = reach.Time.GetTimestamp();
        await WithRunAsync(run => run.RunAsync(steps, plan.Hardware.Machines.Select(machine => machine.Name), force, ct), ct);
        tell(new ProvisionEvent.Ended(Step, what, Changed: true, reach.Time.GetElapsedTime(started)));
    }

    private async Task WithRunAsync(Func<HardwareRun, Task> act, CancellationToken ct)
    {
        if (plan.File.Kubernetes.Distribution is not Distribution.K3s)
        {
            await act(Run(null));
            return;
        }

        using var client = reach.Open();
        using var discovery = new ApiDiscovery(client, reach.Time);
        var random = reach.NewRandom();
        var events = new EventRecorder(client, "ebb", Environment.MachineName, reach.Time, random);
        var kubernetes = new ApiKubernetes(client, discovery, events, reach.Time, random, reach.Loggers.CreateLogger<ApiKubernetes>());
        var nodes = new PlaneNodes(kubernetes, (node, cancel) => RenewedAsync(client, node, cancel), reach.Time, tell);
        await nodes.WhileHeldAsync(() => act(Run(nodes)), ct);
    }

    /// <summary>When a node's kubelet last said that it lives.</summary>
    private static async Task<DateTimeOffset?> RenewedAsync(KubeClient client, string node, CancellationToken ct) =>
        (await client.FindAsync(Resources.Leases, "kube-node-lease", node, ct))?.Spec.RenewTime;

    private HardwareRun Run(PlaneNodes? nodes) => new(reach.Cloud, plan.Names, nodes, ForgetAsync, MakeAnewAsync, reach.Time, tell);

    private async Task ForgetAsync(string machine, CancellationToken ct)
    {
        var share = await OrdersShare.RequireAsync(reach.Cloud, plan.Names, reach.Time, reach.NewRandom(), ct);
        await share.ForgetAsync([machine], cluster: false, ct);
    }

    private async Task MakeAnewAsync(CancellationToken ct)
    {
        await new ClusterUp(reach.Cloud, reach.Time, reach.NewRandom(), tell).MakeMissingAsync(plan, ct);
        await reach.ControlPlaneAsync(plan, force, tell, ct);
    }
}
