namespace Ebb.Controller.Joining.Limits;

/// <summary>How much of something each address has at a time, and how much it may: one that holds all there is keeps everybody out.</summary>
internal sealed class AddressShares(int mostForOne)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _held = new(StringComparer.Ordinal);
    private long _refused;

    /// <summary>False when it has as many as it may; else <see cref="Leave"/> is to follow.</summary>
    public bool Enter(string address)
    {
        lock (_lock)
        {
            var held = _held.GetValueOrDefault(address);
            if (held >= mostForOne)
            {
                _refused++;
                return false;
            }

            _held[address] = held + 1;
            return true;
        }
    }

    public void Leave(string address)
    {
        lock (_lock)
        {
            if (_held[address] is var held && held > 1)
            {
                _held[address] = held - 1;
            }
            else
            {
                _held.Remove(address);
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
