using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>A pod without a node.</summary>
internal sealed class WaitingPod(PodView pod, long order)
{
    public PodView Pod { get; set; } = pod;

    /// <summary>Among pods of one priority the one that has waited longest is first.</summary>
    public long Order { get; } = order;

    public WaitingState State { get; set; } = WaitingState.Gated;

    public int Failures { get; set; }

    public DateTimeOffset FailedAt { get; set; }
}

internal enum WaitingState
{
    /// <summary>Not to be looked at while it has scheduling gates.</summary>
    Gated,

    /// <summary>Next to be tried.</summary>
    Active,

    /// <summary>Something changed that may help; it is tried again when its back-off is over.</summary>
    BackingOff,

    /// <summary>It fitted nowhere, and nothing has changed since that could help.</summary>
    Unschedulable,
}

/// <summary>
/// The scheduler's queue: active pods by priority, then by age; those that fitted nowhere apart, until something changes.
/// </summary>
internal sealed class WaitingPods(Agenda agenda, SchedulerOptions options, Action wake)
{
    // Should an event that helps ever be overlooked, the pod is tried again after this long all the same.
    private static readonly TimeSpan TriedAgainAnyway = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, WaitingPod> _all = new(StringComparer.Ordinal);
    private readonly PriorityQueue<WaitingPod, (long Priority, long Order)> _active = new();
    private readonly PriorityQueue<WaitingPod, (DateTimeOffset Until, long Order)> _backingOff = new();
    private readonly SortedDictionary<long, WaitingPod> _unschedulable = [];
    private Agenda.Entry? _backoffOver;
    private Agenda.Entry? _flush;
    private long _order;

    public bool AnyUnschedulable => _unschedulable.Count > 0;

    public void Put(PodView pod)
    {
        if (!_all.TryGetValue(pod.Uid, out var waiting))
        {
            _all[pod.Uid] = waiting = new WaitingPod(pod, _order++);
            if (!pod.Gated)
            {
                Activate(waiting);
            }

            return;
        }

        waiting.Pod = pod;
        if (waiting.State is WaitingState.Gated && !pod.Gated)
        {
            Activate(waiting);
        }
    }

    public void Remove(string uid)
    {
        // Entries in the two queues are recognised as stale when their turn comes.
        if (_all.Remove(uid, out var waiting))
        {
            _unschedulable.Remove(waiting.Order);
            waiting.State = WaitingState.Gated;
        }
    }

    public WaitingPod? Next()
    {
        while (_active.TryDequeue(out var waiting, out _))
        {
            if (waiting.State is WaitingState.Active && _all.ContainsKey(waiting.Pod.Uid))
            {
                return waiting;
            }
        }

        return null;
    }

    public void Failed(WaitingPod waiting)
    {
        waiting.State = WaitingState.Unschedulable;
        waiting.Failures++;
        waiting.FailedAt = agenda.Now;
        _unschedulable[waiting.Order] = waiting;
        _flush ??= agenda.In(TriedAgainAnyway, Flush);
    }

    /// <summary>Moves those that may now fit back towards the active ones.</summary>
    public void Move(Func<PodView, bool> mayFit)
    {
        foreach (var waiting in _unschedulable.Values.Where(waiting => mayFit(waiting.Pod)).ToArray())
        {
            Move(waiting);
        }
    }

    public void Move(string uid)
    {
        if (_all.TryGetValue(uid, out var waiting) && waiting.State is WaitingState.Unschedulable)
        {
            Move(waiting);
        }
    }

    private void Move(WaitingPod waiting)
    {
        _unschedulable.Remove(waiting.Order);
        var doubled = options.FirstBackoff * Math.Pow(2, Math.Min(waiting.Failures - 1, 16));
        var until = waiting.FailedAt + (doubled < options.MaxBackoff ? doubled : options.MaxBackoff);
        if (until <= agenda.Now)
        {
            Activate(waiting);
            return;
        }

        waiting.State = WaitingState.BackingOff;
        _backingOff.Enqueue(waiting, (until, waiting.Order));
        AwaitBackoff();
    }

    private void Activate(WaitingPod waiting)
    {
        waiting.State = WaitingState.Active;
        _active.Enqueue(waiting, (-(long)waiting.Pod.Priority, waiting.Order));
        wake();
    }

    private void AwaitBackoff()
    {
        _backoffOver?.Cancel();
        _backoffOver = _backingOff.TryPeek(out _, out var first)
            ? agenda.In(first.Until - agenda.Now, EndBackoffs)
            : null;
    }

    private void EndBackoffs()
    {
        while (_backingOff.TryPeek(out var waiting, out var first) && first.Until <= agenda.Now)
        {
            _backingOff.Dequeue();
            if (waiting.State is WaitingState.BackingOff)
            {
                Activate(waiting);
            }
        }

        AwaitBackoff();
    }

    private void Flush()
    {
        _flush = null;
        var due = agenda.Now - TriedAgainAnyway;
        foreach (var waiting in _unschedulable.Values.Where(waiting => waiting.FailedAt <= due).ToArray())
        {
            Move(waiting);
        }

        if (AnyUnschedulable)
        {
            _flush = agenda.In(_unschedulable.Values.Min(waiting => waiting.FailedAt) - due, Flush);
        }
    }
}
