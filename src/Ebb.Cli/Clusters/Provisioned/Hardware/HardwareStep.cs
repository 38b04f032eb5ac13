using Ebb.Acting;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Definition;
using Ebb.Kubernetes;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Clusters.Provisioned.Hardware;

/// <summary>The steps of 'ebb up' in which control-plane machines become other hardware, or fewer.</summary>
internal sealed class HardwareStep(ClusterSession session, ClusterPlan plan, bool force, ILoggerFactory loggers, Action<ProvisionEvent> tell)
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
        var started = ClusterSession.Time.GetTimestamp();
        await WithRunAsync(run => run.RunAsync(steps, plan.Hardware.Machines.Select(machine => machine.Name), force, ct), ct);
        tell(new ProvisionEvent.Ended(Step, what, Changed: true, ClusterSession.Time.GetElapsedTime(started)));
    }

    private async Task WithRunAsync(Func<HardwareRun, Task> act, CancellationToken ct)
    {
        if (session.File.Kubernetes.Distribution is not Distribution.K3s)
        {
            await act(Run(null));
            return;
        }

        var (time, random) = (ClusterSession.Time, ClusterSession.NewRandom());
        using var client = KubeconfigReading.Open(session.Home.Kubeconfig, time, loggers);
        using var discovery = new ApiDiscovery(client, time);
        var events = new EventRecorder(client, "ebb", Environment.MachineName, time, random);
        var kubernetes = new ApiKubernetes(client, discovery, events, time, random, loggers.CreateLogger<ApiKubernetes>());
        var nodes = new PlaneNodes(kubernetes, (node, cancel) => RenewedAsync(client, node, cancel), time, tell);
        await nodes.WhileHeldAsync(() => act(Run(nodes)), ct);
    }

    /// <summary>When a node's kubelet last said that it lives.</summary>
    public static async Task<DateTimeOffset?> RenewedAsync(KubeClient client, string node, CancellationToken ct) =>
        (await client.FindAsync(Resources.Leases, "kube-node-lease", node, ct))?.Spec.RenewTime;

    private HardwareRun Run(PlaneNodes? nodes) => new(session.Cloud, plan.Names, nodes, ForgetAsync, MakeAnewAsync, ClusterSession.Time, tell);

    private async Task ForgetAsync(string machine, CancellationToken ct)
    {
        var share = await OrdersShare.RequireAsync(session.Cloud, plan.Names, ClusterSession.Time, ClusterSession.NewRandom(), ct);
        await share.ForgetAsync([machine], cluster: false, ct);
    }

    private async Task MakeAnewAsync(CancellationToken ct)
    {
        await new ClusterUp(session.Cloud, ClusterSession.Time, ClusterSession.NewRandom(), tell).MakeMissingAsync(plan, ct);
        await ControlPlaneStep.RunAsync(session, plan, force, loggers, tell, ct);
    }
}
