namespace Ebb.Controller.Joining.Limits;

/// <summary>How many connections each address has open, and how many it may: one that holds all there are keeps everybody out.</summary>
internal sealed class ConnectionShares(int mostForOne)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);
    private long _refused;

    /// <summary>False when it has as many as it may; else <see cref="Leave"/> is to follow.</summary>
    public bool Enter(string address)
    {
        lock (_lock)
        {
            var open = _open.GetValueOrDefault(address);
            if (open >= mostForOne)
            {
                _refused++;
                return false;
            }

            _open[address] = open + 1;
            return true;
        }
    }

    public void Leave(string address)
    {
        lock (_lock)
        {
            if (_open[address] is var open && open > 1)
            {
                _open[address] = open - 1;
            }
            else
            {
                _open.Remove(address);
            }
        }
    }

    /// <summary>Those that were refused since this was asked the last time.</summary>
    public long TakeRefused()
    {
        lock (_lock)
        {
            var refused = _refused;
            _refused = 0;
            return refused;
        }
    }
}
