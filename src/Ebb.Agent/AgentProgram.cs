using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Ebb.Agent.Distributions;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Joining;
using Microsoft.Extensions.Logging;

namespace Ebb.Agent;

/// <summary>Builds the agent from its parts and runs what was asked for.</summary>
internal static partial class AgentProgram
{
    private const string Usage = """
        ebb-agent: makes this machine a node of its cluster, and has it leave before it stops.

          ebb-agent [run]                      join, then heed what the cloud announces; what the system's unit runs
          ebb-agent status                     what it last did, as JSON
          ebb-agent leave [reboot|shutdown] [SECONDS]
                                               have the node emptied now; default: shutdown, 30 seconds
          ebb-agent --version

        It reads /etc/ebb/agent.json.
        """;

    // How long a machine that is told to stop takes for it without a notice. No cloud says when it pulls the plug; pods have half a
    // minute by default, and work that is told to go too late is lost.
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(30);

    public static async Task<int> RunAsync(string[] args)
    {
        var time = TimeProvider.System;
        var logger = new JournalLog(Console.Error);
        var machine = new Machine("/", Processes.With(time));
        try
        {
            switch (args)
            {
                case [] or ["run"]:
                    return await StayAsync(machine, time, logger);
                case ["status"]:
                    await Console.Out.WriteLineAsync(JsonSerializer.Serialize(StatusBoard.Read(machine) ?? new AgentStatus { State = "not running" }, StatusJson.Default.AgentStatus));
                    return 0;
                case ["leave", .. var rest] when ReadLeave(rest) is var (reason, left):
                    await LeaveAsync(machine, reason, left, time, logger);
                    return 0;
                case ["--version"]:
                    await Console.Out.WriteLineAsync(AgentVersion.Text);
                    return 0;
                case ["--help" or "-h" or "help"]:
                    await Console.Out.WriteLineAsync(Usage);
                    return 0;
                default:
                    await Console.Error.WriteLineAsync(Usage);
                    return 2;
            }
        }
        catch (EbbException e)
        {
            LogFailed(logger, e.Message);
            return 2;
        }
        catch (Exception e) when (e is JoinException or CommandException or CloudException or IOException or UnauthorizedAccessException)
        {
            LogFailed(logger, e.Message);
            return 1;
        }
    }

    private static async Task<int> StayAsync(Machine machine, TimeProvider time, ILogger logger)
    {
        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var parts = Parts.Make(machine, AgentConfiguration.Load(machine.PathOf(AgentConfiguration.Path)), time, logger);
        try
        {
            await parts.Membership.RunAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop.
        }

        if (await new Shutdown(machine).ReasonAsync(CancellationToken.None) is { } reason)
        {
            await parts.Membership.LeaveAsync(reason, StopWithin, CancellationToken.None);
        }

        return 0;

        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private static async Task LeaveAsync(Machine machine, string reason, TimeSpan left, TimeProvider time, ILogger logger)
    {
        using var parts = Parts.Make(machine, AgentConfiguration.Load(machine.PathOf(AgentConfiguration.Path)), time, logger);
        await parts.Membership.LeaveAsync(reason, left, CancellationToken.None);
    }

    private static (string Reason, TimeSpan Left)? ReadLeave(string[] args)
    {
        var reason = args is [LeaveReasons.Reboot or LeaveReasons.Shutdown, ..] ? args[0] : LeaveReasons.Shutdown;
        return args switch
        {
            [] => (reason, StopWithin),
            [LeaveReasons.Reboot or LeaveReasons.Shutdown] => (reason, StopWithin),
            [LeaveReasons.Reboot or LeaveReasons.Shutdown, var text] when Seconds(text) is { } left => (reason, left),
            [var text] when Seconds(text) is { } left => (reason, left),
            _ => null,
        };
    }

    private static TimeSpan? Seconds(string text) =>
        int.TryParse(text, out var seconds) && seconds is > 0 and <= 3600 ? TimeSpan.FromSeconds(seconds) : null;

    [LoggerMessage(LogLevel.Error, "{Problem}")]
    private static partial void LogFailed(ILogger logger, string problem);

    /// <summary>Everything that runs, in the order in which it is made.</summary>
    private sealed class Parts(HttpMessageInvoker http, JoinClient server, Membership membership) : IDisposable
    {
        public Membership Membership { get; } = membership;

        public static Parts Make(Machine machine, AgentConfiguration configuration, TimeProvider time, ILogger logger)
        {
            // Of ten thousand machines no two wait alike.
            var random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
            var http = new HttpMessageInvoker(InstanceMetadata.NewHandler());
            var metadata = new InstanceMetadata(http, InstanceMetadata.Default, time, random);
            var server = new JoinClient(configuration, new AttestedProof(metadata), dial: null, time, random, logger);
            var status = new StatusBoard(machine, time);
            var events = new EventWatch(
                new ScheduledEvents(http, InstanceMetadata.Default, time, random), NameAsync, server, status.Noticed, time, logger);
            var distribution = new ChosenDistribution(machine, configuration, metadata.AddressAsync, time, random, logger);
            return new Parts(http, server, new Membership(server, distribution, events, status, time, logger));

            async Task<string> NameAsync(CancellationToken ct) =>
                (await metadata.MachineAsync(ct))?.Name
                ?? throw new CloudException($"The instance metadata service at {InstanceMetadata.Default} does not say what this machine is called.");
        }

        public void Dispose()
        {
            server.Dispose();
            http.Dispose();
        }
    }
}
