using System.Runtime.InteropServices;
using Ebb.Joining;
using Microsoft.Extensions.Logging;

namespace Ebb.Agent;

/// <summary>Makes the machine a node at each boot, looks after it while it is one, and has it leave before it stops.</summary>
internal sealed partial class Membership(
    JoinClient server, IDistribution distribution, EventWatch events, StatusBoard? status, TimeProvider time, ILogger logger)
{
    // A machine that nobody admits in this time is of no use; what looks after this process starts it anew.
    private static readonly TimeSpan JoinWithin = TimeSpan.FromMinutes(15);

    // A machine that was a node can be one again without being admitted, should the join servers be away when it boots.
    private static readonly TimeSpan RejoinWithin = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // A node has its certificate within seconds. A clock that is ahead of the server's must not have it begin anew all the time.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private bool _joined;

    /// <summary>Until it is cancelled.</summary>
    /// <exception cref="JoinException">The machine was not admitted.</exception>
    /// <exception cref="CommandException">A program of the machine failed.</exception>
    public async Task RunAsync(CancellationToken ct)
    {
        var admitted = status is not { JoinedThisBoot: true } && !_joined && await JoinAsync(ct);

        // The node of a machine that is admitted is cleared of what was announced to it before.
        await events.RunAsync(tellsAtOnce: !admitted, ct);
    }

    /// <summary>Has the node emptied before the machine stops.</summary>
    /// <param name="reason">One of <see cref="LeaveReasons"/>.</param>
    /// <param name="left">What time there is.</param>
    public async Task LeaveAsync(string reason, TimeSpan left, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        try
        {
            var answer = await server.LeaveAsync(reason, left, ct);
            LogLeft(reason, answer.Evicted, answer.Left, answer.Deleted, time.GetElapsedTime(started).TotalSeconds);
            status?.Left(reason);
        }
        catch (JoinException e)
        {
            // The machine stops all the same; whoever looks after the cluster finds out by itself.
            LogNotLeft(e.Message);
        }
    }

    /// <returns>False when it goes on as the node that it was.</returns>
    private async Task<bool> JoinAsync(CancellationToken ct)
    {
        JoinAnswer granted;
        do
        {
            var wasNode = distribution.WasNode;
            try
            {
                granted = await server.JoinAsync(
                    proof => new JoinRequest { Proof = proof, Fresh = !wasNode, Architecture = Architecture, Agent = AgentVersion.Text },
                    wasNode ? RejoinWithin : JoinWithin,
                    ct);
            }
            catch (JoinException e) when (wasNode && !e.Refused)
            {
                LogResumed(e.Message);
                await distribution.ResumeAsync(ct);
                status?.Resumed();
                return false;
            }

            LogAdmitted(granted.Node, granted.ProviderId);
            await distribution.StartAsync(granted, ct);
            LogStarted(granted.Node);
        }
        while (!await IsNodeAsync(granted, ct));

        status?.Joined(granted.Node);
        _joined = true;
        return true;
    }

    /// <summary>Waits for the certificate that the token is there to get.</summary>
    /// <returns>False when the token has expired before: shares and the installer may take longer than it lives.</returns>
    private async Task<bool> IsNodeAsync(JoinAnswer granted, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (!distribution.WasNode)
        {
            if (granted.TokenExpiresAt <= time.GetUtcNow() && time.GetElapsedTime(started) >= Patience)
            {
                LogExpired(granted.Node);
                return false;
            }

            await Task.Delay(LookEvery, time, ct);
        }

        return true;
    }

    private static string Architecture => RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        _ => "amd64",
    };

    [LoggerMessage(LogLevel.Information, "Admitted as node {Node}, {ProviderId}")]
    private partial void LogAdmitted(string node, string providerId);

    [LoggerMessage(LogLevel.Information, "Node {Node} is being started")]
    private partial void LogStarted(string node);

    [LoggerMessage(LogLevel.Warning, "Node {Node} has no certificate yet and its token has expired; the join server is asked for another")]
    private partial void LogExpired(string node);

    [LoggerMessage(LogLevel.Warning, "No join server admits this machine now; it goes on as the node that it was. {Reason}")]
    private partial void LogResumed(string reason);

    [LoggerMessage(LogLevel.Information, "Left for {Reason}: {Evicted} pods told to go, {Remaining} still there, node deleted: {Deleted}, in {Seconds:0.0} s")]
    private partial void LogLeft(string reason, int evicted, int remaining, bool deleted, double seconds);

    [LoggerMessage(LogLevel.Warning, "The node was not emptied before the stop: {Reason}")]
    private partial void LogNotLeft(string reason);
}
