using System.Collections.Immutable;
using Ebb.Agent;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Joining;
using Ebb.Sandbox.Machines;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes.Joining;

/// <summary>One hollow machine from its boot until its power is cut: the agent, and a hollow kubelet in place of a real one.</summary>
internal sealed partial class JoiningMachine(
    BootedMachine booted,
    AgentConfiguration configuration,
    Uri metadata,
    Dial dial,
    Action<JoiningMachine, BootedMachine> startKubelet,
    Func<bool> wasNode,
    TimeProvider time,
    ILogger logger) : IDistribution, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _cut = new();
    private Task _running = Task.CompletedTask;
    private Task _told = Task.CompletedTask;
    private TimeSpan _left;
    private Action _cutKubelet = () => { };

    /// <summary>Under the cloud's gate, as all that follows but what the agent calls.</summary>
    public bool IsOn { get; private set; } = true;

    public bool WasNode => wasNode();

    public void Begin() => _running = Task.Run(RunAsync);

    public void KubeletRuns(Action cut) => _cutKubelet = cut;

    /// <summary>The guest is told to shut down.</summary>
    public void ShutDown(TimeSpan left)
    {
        _left = left;
        Tell(_stop);
    }

    public void Cut()
    {
        IsOn = false;
        _cutKubelet();
        _cutKubelet = () => { };
        Tell(_cut);
    }

    /// <summary>Waits for its end, after its power was cut; not under the gate.</summary>
    public async ValueTask DisposeAsync()
    {
        await _running;
        await _told;
        _stop.Dispose();
        _cut.Dispose();
    }

    public Task StartAsync(JoinAnswer granted, CancellationToken ct)
    {
        var node = booted.Node with
        {
            Name = granted.Node,
            ProviderId = granted.ProviderId,
            Labels = granted.Labels.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Taints = [.. granted.Taints],
            KubeletVersion = granted.Version ?? "",
        };
        startKubelet(this, booted with { Node = node });
        return Task.CompletedTask;
    }

    // It has no disk to be found on: the next attempt to join decides.
    public Task ResumeAsync(CancellationToken ct) => throw new JoinException("A hollow machine is no node without being admitted.", refused: false);

    private async Task RunAsync()
    {
        using var http = new HttpMessageInvoker(InstanceMetadata.NewHandler());
        var random = new Random(booted.Instance.VmId.GetHashCode(StringComparison.Ordinal));
        var facts = new InstanceMetadata(http, metadata, time, random);
        using var server = new JoinClient(configuration, new AttestedProof(facts), dial, time, random, logger);
        var events = new EventWatch(
            new ScheduledEvents(http, metadata, time, random), _ => Task.FromResult(booted.Instance.Name), server, _ => { }, time, logger);
        var membership = new Membership(server, this, events, status: null, time, logger);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, _cut.Token);
        try
        {
            await StayAsync(membership, random, stop.Token);
        }
        catch (OperationCanceledException)
        {
            // Told to shut down, or cut.
        }

        try
        {
            if (!_cut.IsCancellationRequested && _left > TimeSpan.Zero)
            {
                await membership.LeaveAsync(LeaveReasons.Shutdown, _left, _cut.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The power went first.
        }
    }

    // What goes on then does not go on under the gate.
    private void Tell(CancellationTokenSource source) => _told = Task.WhenAll(_told, source.CancelAsync());

    // What the system's unit does on other machines: an agent that ended is started again.
    private async Task StayAsync(Membership membership, Random random, CancellationToken ct)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), time, random);
        while (true)
        {
            try
            {
                await membership.RunAsync(ct);
            }
            catch (Exception e) when (e is JoinException or CloudException or EbbException)
            {
                LogEnded(booted.Instance.Name, e.Message);
                await backoff.FailedAsync(ct);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The agent of {Machine} ended and is started again: {Reason}")]
    private partial void LogEnded(string machine, string reason);
}
