using System.Collections.Immutable;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Clouds;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned.Rollout;

/// <summary>What the operator and the control-plane machines leave each other on the private share.</summary>
internal sealed class OrdersShare(Ebb.Clouds.Azure.Deployments.FileShare share)
{
    /// <summary>Null while the cluster has no storage.</summary>
    public static async Task<OrdersShare?> OpenAsync(CloudAccess cloud, ResourceNames names, TimeProvider time, Random random, CancellationToken ct) =>
        await cloud.Accounts.AccessAsync(names.Cluster.Cloud.StorageGroup, names.SystemAccount, ct) is { } access
            ? new OrdersShare(new Ebb.Clouds.Azure.Deployments.FileShare(access, SystemShare.Name, cloud.Http, time, random))
            : null;

    /// <exception cref="CloudException">The cluster has no storage.</exception>
    public static async Task<OrdersShare> RequireAsync(CloudAccess cloud, ResourceNames names, TimeProvider time, Random random, CancellationToken ct) =>
        await OpenAsync(cloud, names, time, random, ct)
        ?? throw new CloudException($"Storage account '{names.SystemAccount}' is not in resource group '{names.Cluster.Cloud.StorageGroup}'. 'ebb up' makes it.");

    /// <summary>What was last wanted; null where nothing was, or it was left half written: then it is written anew.</summary>
    public async Task<ControlPlaneOrders?> WantedAsync(CancellationToken ct) =>
        Written(await share.ReadAsync(SystemShare.Wanted, ControlPlaneOrders.MostBytes, ct)) is { } found ? ControlPlaneOrders.Read(found) : null;

    public async Task<ControlPlaneTurn?> TurnAsync(CancellationToken ct) =>
        Written(await share.ReadAsync(SystemShare.Turn, ControlPlaneTurn.MostBytes, ct)) is { } found ? ControlPlaneTurn.Read(found) : null;

    public async Task WriteAsync(ControlPlaneTurn turn, CancellationToken ct)
    {
        await share.MakeDirectoryAsync(Path.GetDirectoryName(SystemShare.Turn)!, ct);
        using var content = new MemoryStream(turn.ToBytes());
        await share.WriteAsync(SystemShare.Turn, content, ct);
    }

    /// <summary>Takes away what machines that are gone have reported: those that are made are others, and begin anew.</summary>
    /// <param name="cluster">None is left: those that are made begin a cluster.</param>
    public async Task ForgetAsync(IEnumerable<string> machines, bool cluster, CancellationToken ct)
    {
        foreach (var path in (string[])[.. cluster ? (string[])[SystemShare.Begun, SystemShare.Turn] : [], .. machines.Select(SystemShare.State)])
        {
            await share.DeleteAsync(path, ct);
        }
    }

    /// <summary>Whether what machines take from it at their birth is there.</summary>
    public async Task<bool> IsFilledAsync(CancellationToken ct) =>
        Written(await share.ReadAsync(SystemShare.JoinAuthority, ControlPlaneState.MostBytes, ct)) is not null;

    /// <summary>Whether a machine has reported anything, and be it unreadable.</summary>
    public async Task<bool> HasReportAsync(string machine, CancellationToken ct) =>
        await share.ReadAsync(SystemShare.State(machine), ControlPlaneState.MostBytes, ct) is not null;

    /// <summary>What each machine last reported, in their order; null for one that has reported nothing yet.</summary>
    public async Task<ImmutableArray<ReportedMachine>> ReportsAsync(IEnumerable<string> machines, CancellationToken ct)
    {
        var reports = ImmutableArray.CreateBuilder<ReportedMachine>();
        foreach (var machine in machines)
        {
            var found = await share.ReadAsync(SystemShare.State(machine), ControlPlaneState.MostBytes, ct);
            reports.Add(new ReportedMachine(machine, found is null ? null : ControlPlaneState.Read(found, machine)));
        }

        return reports.ToImmutable();
    }

    // A file is made first and filled then; whoever is interrupted in between leaves zeros.
    private static byte[]? Written(byte[]? found) => found is not null && found.AsSpan().IndexOfAnyExcept((byte)0) >= 0 ? found : null;
}

/// <param name="State">Null: it has not reported yet.</param>
internal sealed record ReportedMachine(string Name, ControlPlaneState? State)
{
    public bool IsDone(string generation) => State is { Phase: ControlPlanePhase.Done } state && state.Generation == generation;

    /// <summary>Whether it is one of these machines, and holds the store or a part of it. A report from before a machine was made is another's of that name.</summary>
    public bool HoldsStore(IEnumerable<VirtualMachine> there) =>
        State is { Store: true } state && there.FirstOrDefault(one => one.Name.Equals(Name, StringComparison.OrdinalIgnoreCase)) is { } made && !(state.At < made.MadeAt);

    /// <summary>For people.</summary>
    public string Describe() => State switch
    {
        null => "has reported nothing yet",
        { Phase: ControlPlanePhase.Failed, Why: var why } => $"failed: {why}",
        { Phase: ControlPlanePhase.Working, Why: { } why } => $"is at it: {why}",
        { Phase: ControlPlanePhase.Working } => "is at it",
        { Release.Length: > 0 } state => $"runs {state.Release}",
        _ => "is done",
    };
}
