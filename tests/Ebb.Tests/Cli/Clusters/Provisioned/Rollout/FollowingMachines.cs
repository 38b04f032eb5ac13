using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;
using FileShare = Ebb.Clouds.Azure.Deployments.FileShare;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Rollout;

/// <summary>Control-plane machines as far as the share shows them: they look for their turn, work for a while, and report.</summary>
/// <param name="aside">To the cloud, beside any wire that is struck.</param>
internal sealed class FollowingMachines(CloudAccess cloud, HttpMessageInvoker aside, TimeProvider time, ResourceNames names, ImmutableArray<string> machines)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Work = TimeSpan.FromSeconds(50);

    private readonly Dictionary<string, string> _born = [];

    private int _working;

    /// <summary>Machines in the order in which they began.</summary>
    public List<string> Begun { get; } = [];

    /// <summary>Those that have become what was wanted.</summary>
    public List<string> Done { get; } = [];

    public int MostAtOnce { get; private set; }

    /// <summary>Machines that fail, and in which attempts.</summary>
    public Dictionary<string, int> FailsUntilAttempt { get; } = [];

    /// <summary>The id of the machine that runs under a name; null where none does. Each is born to what is wanted then, and says so. Without this all run for ever.</summary>
    public Func<string, string?>? Lives { get; init; }

    /// <summary>Each reports to be as it was wanted at its birth.</summary>
    public async Task BeginAsync(ControlPlaneOrders orders, CancellationToken ct)
    {
        var share = await OpenAsync(ct);
        foreach (var machine in machines)
        {
            await TellAsync(share, machine, orders.Generation, attempt: 0, ControlPlanePhase.Done, orders.Release, ct);
        }
    }

    public async Task RunAsync(CancellationToken ct) => await Task.WhenAll(machines.Select(machine => RunAsync(machine, ct)));

    private async Task RunAsync(string machine, CancellationToken ct)
    {
        try
        {
            FileShare? share = null;
            while (true)
            {
                if (Lives is null || Lives(machine) is not null)
                {
                    share ??= await OpenAsync(ct);
                    await BirthAsync(share, machine, ct);
                    await LookAsync(share, machine, ct);
                }

                await Task.Delay(LookEvery, time, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    private async Task<FileShare> OpenAsync(CancellationToken ct)
    {
        var access = await cloud.Accounts.AccessAsync(names.Cluster.Cloud.StorageGroup, names.SystemAccount, ct);
        return new FileShare(access!, SystemShare.Name, aside, time, new Random(1));
    }

    private async Task BirthAsync(FileShare share, string machine, CancellationToken ct)
    {
        if (Lives?.Invoke(machine) is { } id && _born.GetValueOrDefault(machine) != id)
        {
            var wanted = ControlPlaneOrders.Read(await share.ReadAsync(SystemShare.Wanted, ControlPlaneOrders.MostBytes, ct));
            await TellAsync(share, machine, wanted.Generation, attempt: 0, ControlPlanePhase.Done, wanted.Release, ct);
            _born[machine] = id;
        }
    }

    private async Task LookAsync(FileShare share, string machine, CancellationToken ct)
    {
        var read = await share.ReadAsync(SystemShare.Turn, ControlPlaneTurn.MostBytes, ct);
        if (read is null || read.AsSpan().IndexOfAnyExcept((byte)0) < 0 || ControlPlaneTurn.Read(read) is not { } turn || !turn.Machines.Contains(machine))
        {
            return;
        }

        var found = await share.ReadAsync(SystemShare.State(machine), ControlPlaneState.MostBytes, ct);
        var state = found is null ? null : ControlPlaneState.Read(found, machine);
        if (state?.Generation == turn.Generation && (state.Phase is ControlPlanePhase.Done || state.Attempt >= turn.Attempt))
        {
            return;
        }

        var wanted = ControlPlaneOrders.Read(await share.ReadAsync(SystemShare.Wanted, ControlPlaneOrders.MostBytes, ct));
        if (wanted.Generation != turn.Generation)
        {
            return;
        }

        Begun.Add(machine);
        MostAtOnce = Math.Max(MostAtOnce, ++_working);
        await TellAsync(share, machine, turn.Generation, turn.Attempt, ControlPlanePhase.Working, wanted.Release, ct);
        await Task.Delay(Work, time, ct);
        _working--;
        var fails = FailsUntilAttempt.GetValueOrDefault(machine) >= turn.Attempt;
        await TellAsync(share, machine, turn.Generation, turn.Attempt, fails ? ControlPlanePhase.Failed : ControlPlanePhase.Done, wanted.Release, ct);
        if (!fails)
        {
            Done.Add(machine);
        }
    }

    private async Task TellAsync(FileShare share, string machine, string generation, int attempt, ControlPlanePhase phase, string? release, CancellationToken ct)
    {
        await share.MakeDirectoryAsync("control-plane/state", ct);
        using var content = new MemoryStream(new ControlPlaneState
        {
            Machine = machine,
            Generation = generation,
            Attempt = attempt,
            Phase = phase,
            Why = phase is ControlPlanePhase.Failed ? "the disk is full" : null,
            Release = release ?? "",
            Ebb = "",
            Store = true,
            At = time.GetUtcNow(),
        }.ToBytes());
        await share.WriteAsync(SystemShare.State(machine), content, ct);
    }
}
