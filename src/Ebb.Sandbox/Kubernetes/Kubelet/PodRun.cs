using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Kubelet;

/// <summary>
/// One pod on one hollow kubelet, from its binding to its end: image pull, init containers in order, containers, restarts
/// with back-off, deadline, grace period.
/// </summary>
internal sealed partial class PodRun
{
    private static readonly TimeSpan FirstRestartBackoff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxRestartBackoff = TimeSpan.FromMinutes(5);

    private readonly HollowKubelet _kubelet;
    private readonly List<ContainerRun> _inits;
    private readonly List<ContainerRun> _mains;
    private readonly string _restartPolicy;
    private readonly Dictionary<ContainerRun, Agenda.Entry> _restarts = [];
    private Agenda.Entry? _next;
    private Agenda.Entry? _deadline;
    private Agenda.Entry? _stop;
    private DateTimeOffset _stopAt = DateTimeOffset.MaxValue;
    private bool _initialized;
    private string? _reason;
    private string? _message;

    public PodRun(HollowKubelet kubelet, KubeObject pod)
    {
        _kubelet = kubelet;
        Pod = PodView.Of(pod);
        var spec = pod.Json["spec"];
        _restartPolicy = spec.Text("restartPolicy") ?? "Always";
        _inits = [.. spec.Objects("initContainers").Select(c => Container(c, PodRequests.IsSidecar(c)))];
        _mains = [.. spec.Objects("containers").Select(c => Container(c, sidecar: false))];
        Address = spec.Flag("hostNetwork") ? kubelet.Node.Address : kubelet.NextPodAddress();
        StartTime = kubelet.Agenda.Now;
        Deadline = spec.Number("activeDeadlineSeconds") is { } seconds and < int.MaxValue
            ? TimeSpan.FromSeconds(seconds)
            : null;
    }

    public PodView Pod { get; }

    public string Phase { get; private set; } = "Pending";

    public bool Finished => Phase is "Succeeded" or "Failed";

    public string Address { get; }

    public DateTimeOffset StartTime { get; }

    /// <summary>When its first container began; null before that.</summary>
    public DateTimeOffset? RunningSince { get; private set; }

    /// <summary>Some container is at work now.</summary>
    public bool Busy => _mains.Exists(c => c.Running) || _inits.Exists(c => c.Running);

    private TimeSpan? Deadline { get; }

    private Agenda Agenda => _kubelet.Agenda;

    private DateTimeOffset Now => Agenda.Now;

    public void Begin(TimeSpan noticed, TimeSpan start)
    {
        _next = Agenda.In(noticed, () =>
        {
            Write();
            _next = Agenda.In(start, StartNextInit);
        });
        if (Deadline is { } deadline)
        {
            _deadline = Agenda.In(deadline, () => Fail(
                "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"));
        }
    }

    /// <summary>Carries on with a pod that ran before the machine was started anew.</summary>
    public void BeginAgain(KubeObject pod, TimeSpan noticed, TimeSpan start)
    {
        if (_restartPolicy == "Never")
        {
            _next = Agenda.In(noticed, () => Fail("Error", "The node was restarted"));
            return;
        }

        foreach (var status in pod.Json["status"].Objects("containerStatuses"))
        {
            _mains.Find(c => c.Name == status.Text("name"))?.Inherit((int)(status.Number("restartCount") ?? 0), Now);
        }

        Begin(noticed, start);
    }

    /// <summary>The kubelet will not have it.</summary>
    public void Reject(TimeSpan noticed, string reason, string message) =>
        _next = Agenda.In(noticed, () => Fail(reason, message));

    /// <summary>Someone deleted the pod: its containers end within the grace period. A second call may only shorten it.</summary>
    public void Stop(KubeObject pod)
    {
        var grace = TimeSpan.FromSeconds(pod.Metadata.Number("deletionGracePeriodSeconds") ?? 0);
        var wanted = Programs.StopTime(pod.Json) ?? _kubelet.Options.Stop;
        var (takes, exitCode) = wanted < grace ? (wanted, 143) : (grace, 137);
        takes = Finished || !Busy ? TimeSpan.Zero : takes;
        if (Now + takes >= _stopAt)
        {
            return;
        }

        _stopAt = Now + takes;
        _stop?.Cancel();
        _next?.Cancel();
        CancelRestarts();
        _stop = Agenda.In(takes, () => Halt(exitCode));
    }

    /// <summary>Ends everything at once and writes nothing: the machine is dead, or the pod is gone.</summary>
    /// <returns>It was interrupted: not finished.</returns>
    public bool Abandon()
    {
        var interrupted = !Finished;
        CancelAll();
        Phase = "Failed";
        return interrupted;
    }

    public IReadOnlyList<LogLine>? Log(string container, bool previous) =>
        _mains.Concat(_inits).FirstOrDefault(c => c.Name == container)?.Log(Now, previous);

    private static ContainerRun Container(JsonObject spec, bool sidecar) =>
        new(spec.Text("name") ?? "", spec.Text("image") ?? "", sidecar);

    private void StartNextInit()
    {
        _next = null;
        foreach (var init in _inits)
        {
            if (init.IsOver || init.Running)
            {
                continue;
            }

            Begin(init, main: false);
            if (!init.Sidecar)
            {
                Write();
                return;
            }
        }

        _initialized = true;
        foreach (var container in _mains)
        {
            Begin(container, main: true);
        }

        Phase = "Running";
        Write();
        _kubelet.Tell(Pod, "Started", "Started container " + string.Join(", ", _mains.Select(c => c.Name)));
    }

    private void Begin(ContainerRun container, bool main)
    {
        if (_kubelet.Find(Pod) is not { } current)
        {
            return;
        }

        var spec = current.Json["spec"].Objects(main ? "containers" : "initContainers").First(c => c.Text("name") == container.Name);
        var outcome = Programs.Of(current.Json, spec, main, _kubelet.Node.Name, Now);
        container.Begin(Now, outcome);
        RunningSince ??= Now;
        container.Due = outcome.Takes is { } takes ? Agenda.In(takes, () => Ended(container, outcome.ExitCode)) : null;
    }

    private void Ended(ContainerRun container, int exitCode)
    {
        container.End(Now, exitCode);
        if (container.Sidecar)
        {
            Restart(container);
        }
        else if (!_initialized)
        {
            InitEnded(container, exitCode);
        }
        else if (_stop is null && (_restartPolicy == "Always" || (_restartPolicy == "OnFailure" && exitCode != 0)))
        {
            Restart(container);
        }
        else if (_mains.TrueForAll(c => c.IsOver))
        {
            Finish(_mains.Exists(c => c.ExitCode != 0) ? "Failed" : "Succeeded");
        }
        else
        {
            Write();
        }
    }

    private void InitEnded(ContainerRun container, int exitCode)
    {
        if (exitCode == 0)
        {
            StartNextInit();
        }
        else if (_restartPolicy == "Never")
        {
            Finish("Failed");
        }
        else
        {
            Restart(container);
        }
    }

    /// <summary>The first time at once, then after 10 s, 20 s, … up to 5 min.</summary>
    private void Restart(ContainerRun container)
    {
        if (_stop is not null)
        {
            return;
        }

        var backoff = container.Restarts == 0
            ? TimeSpan.Zero
            : FirstRestartBackoff * Math.Pow(2, Math.Min(container.Restarts - 1, 10));
        backoff = backoff < MaxRestartBackoff ? backoff : MaxRestartBackoff;
        if (backoff > TimeSpan.Zero)
        {
            container.Wait(
                "CrashLoopBackOff",
                $"back-off {backoff.TotalSeconds:0}s restarting failed container={container.Name} pod={Pod.Name}_{Pod.Namespace}");
            Write();
        }

        _restarts[container] = Agenda.In(backoff, () =>
        {
            _restarts.Remove(container);
            Begin(container, main: _mains.Contains(container));
            Write();
        });
    }
}
