using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Kubelet.Shell;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Kubelet;

/// <summary>One container of one pod: waiting, running or terminated, and how it was the time before.</summary>
internal sealed class ContainerRun(string name, string image, bool sidecar)
{
    private Ended? _ended;
    private Ended? _previous;
    private Outcome _outcome = Outcome.Endless;
    private string _waiting = "ContainerCreating";
    private string _waitingMessage = "";

    public string Name => name;

    /// <summary>An init container that goes on beside the others.</summary>
    public bool Sidecar => sidecar;

    public DateTimeOffset? StartedAt { get; private set; }

    public bool Running => StartedAt is not null && _ended is null;

    public bool IsOver => _ended is not null;

    public int ExitCode => _ended?.ExitCode ?? 0;

    public int Restarts { get; private set; }

    /// <summary>Its next end, when that is of its own doing.</summary>
    public Agenda.Entry? Due { get; set; }

    public Outcome Outcome => _outcome;

    public void Wait(string reason, string message = "")
    {
        (_waiting, _waitingMessage) = (reason, message);
        if (_ended is not null)
        {
            _previous = _ended;
            _ended = null;
        }

        StartedAt = null;
    }

    public void Begin(DateTimeOffset now, Outcome outcome)
    {
        if (_ended is not null)
        {
            _previous = _ended;
            _ended = null;
        }

        if (_previous is not null)
        {
            Restarts++;
        }

        StartedAt = now;
        _outcome = outcome;
    }

    /// <summary>Carries on where an earlier kubelet left off: what it ran is dead.</summary>
    public void Inherit(int restarts, DateTimeOffset now)
    {
        Restarts = restarts;
        _previous = new Ended(now, now, 255, "Unknown", Outcome.Endless);
    }

    public void End(DateTimeOffset now, int exitCode, string? reason = null)
    {
        Due?.Cancel();
        Due = null;
        _ended = new Ended(StartedAt ?? now, now, exitCode, reason ?? (exitCode == 0 ? "Completed" : "Error"), _outcome);
    }

    /// <summary>What it has printed until now.</summary>
    public IReadOnlyList<LogLine>? Log(DateTimeOffset now, bool previous)
    {
        if (previous)
        {
            return _previous is { } before ? Lines(before.Outcome, before.Started, before.At, before.ExitCode, now) : null;
        }

        if (_ended is { } ended)
        {
            return Lines(ended.Outcome, ended.Started, ended.At, ended.ExitCode, now);
        }

        return StartedAt is { } started ? Lines(_outcome, started, null, 0, now) : null;
    }

    public JsonObject ToStatus(bool ready)
    {
        var status = new JsonObject { ["name"] = Name };
        status["state"] = State();
        status["lastState"] = _previous is { } before ? Terminated(before) : new JsonObject();
        status["ready"] = ready;
        status["restartCount"] = Restarts;
        status["image"] = image;
        status["imageID"] = StartedAt is null && _ended is null ? "" : "sandbox://" + image;
        status["started"] = Running;
        return status;
    }

    /// <summary>Programs that print nothing leave at least their start and their end to be seen.</summary>
    private static List<LogLine> Lines(
        Outcome outcome, DateTimeOffset started, DateTimeOffset? ended, int exitCode, DateTimeOffset now)
    {
        var lines = new List<LogLine>();
        if (outcome.Output.Count == 0)
        {
            lines.Add(new LogLine(started, "(sandbox) started"));
            if (ended is { } at)
            {
                lines.Add(new LogLine(at, $"(sandbox) ended with exit code {exitCode}"));
            }

            return lines;
        }

        var until = ended ?? now;
        lines.AddRange(outcome.Output
            .Select(line => new LogLine(started + line.At, line.Line))
            .TakeWhile(line => line.At <= until));
        return lines;
    }

    private JsonObject State()
    {
        if (_ended is { } ended)
        {
            return Terminated(ended);
        }

        if (StartedAt is { } started)
        {
            return new JsonObject { ["running"] = new JsonObject { ["startedAt"] = Timestamps.Seconds(started) } };
        }

        var waiting = new JsonObject { ["reason"] = _waiting };
        waiting.Put("message", _waitingMessage);
        return new JsonObject { ["waiting"] = waiting };
    }

    private static JsonObject Terminated(Ended ended) => new()
    {
        ["terminated"] = new JsonObject
        {
            ["exitCode"] = ended.ExitCode,
            ["reason"] = ended.Reason,
            ["startedAt"] = Timestamps.Seconds(ended.Started),
            ["finishedAt"] = Timestamps.Seconds(ended.At),
        },
    };

    private sealed record Ended(DateTimeOffset Started, DateTimeOffset At, int ExitCode, string Reason, Outcome Outcome);
}

/// <summary>A line that a container printed.</summary>
public readonly record struct LogLine(DateTimeOffset At, string Text);
