namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>Tells every subscriber of every event, in one order for all.</summary>
internal sealed class Broadcast(Lock gate)
{
    private readonly List<Action<StoreEvent>?> _subscribers = [];
    private readonly Queue<StoreEvent> _untold = new();
    private bool _telling;

    public IDisposable Subscribe(Action<StoreEvent> onEvent)
    {
        lock (gate)
        {
            _subscribers.Add(onEvent);
        }

        return new Subscription(this, onEvent);
    }

    /// <summary>Under the gate. Called from inside a subscriber, it returns at once and the event is told afterwards.</summary>
    public void Tell(StoreEvent change)
    {
        _untold.Enqueue(change);
        if (_telling)
        {
            return;
        }

        _telling = true;
        try
        {
            while (_untold.TryDequeue(out var next))
            {
                // By index: a subscriber may come or go meanwhile.
                for (var i = 0; i < _subscribers.Count; i++)
                {
                    _subscribers[i]?.Invoke(next);
                }
            }
        }
        finally
        {
            _telling = false;
            _subscribers.RemoveAll(subscriber => subscriber is null);
        }
    }

    private void Remove(Action<StoreEvent> onEvent)
    {
        lock (gate)
        {
            var at = _subscribers.IndexOf(onEvent);
            if (at < 0)
            {
                return;
            }

            // While events are being told the places must stay; the gap is closed afterwards.
            if (_telling)
            {
                _subscribers[at] = null;
            }
            else
            {
                _subscribers.RemoveAt(at);
            }
        }
    }

    private sealed class Subscription(Broadcast broadcast, Action<StoreEvent> onEvent) : IDisposable
    {
        public void Dispose() => broadcast.Remove(onEvent);
    }
}
