using System.Security.Cryptography;

namespace Ebb.Controller.Joining;

/// <summary>
/// Numbers that are given out once, to one address, for minutes, and are taken back once: so a proof made with one of them was made
/// now, for us, and cannot be shown again.
/// </summary>
internal sealed class Nonces(TimeSpan lifetime, int most, int mostForOne, TimeProvider time)
{
    // What Azure's metadata service takes, and 190 bits: nobody guesses one.
    private const int Length = 32;
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Given> _given = new(StringComparer.Ordinal);
    private readonly LinkedList<string> _inOrder = new();
    private readonly Dictionary<string, int> _perAddress = new(StringComparer.Ordinal);

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _given.Count;
            }
        }
    }

    /// <summary>A new one; null when this address, or all together, have as many as they may.</summary>
    public string? Give(string address)
    {
        var now = time.GetTimestamp();
        lock (_lock)
        {
            Forget(now);
            var has = _perAddress.GetValueOrDefault(address);
            if (_given.Count >= most || has >= mostForOne)
            {
                return null;
            }

            var nonce = RandomNumberGenerator.GetString(Letters, Length);
            _given[nonce] = new Given(address, now, _inOrder.AddLast(nonce));
            _perAddress[address] = has + 1;
            return nonce;
        }
    }

    /// <summary>Takes it back, once; false when it was not given, was given to another address, is used or too old.</summary>
    public bool Take(string nonce, string address)
    {
        var now = time.GetTimestamp();
        lock (_lock)
        {
            Forget(now);
            if (!_given.TryGetValue(nonce, out var given) || given.Address != address)
            {
                return false;
            }

            Remove(nonce, given);
            return true;
        }
    }

    // All live equally long, so the oldest is always in front.
    private void Forget(long now)
    {
        while (_inOrder.First is { Value: var oldest } && _given[oldest] is var given && time.GetElapsedTime(given.At, now) > lifetime)
        {
            Remove(oldest, given);
        }
    }

    private void Remove(string nonce, Given given)
    {
        _given.Remove(nonce);
        _inOrder.Remove(given.Place);
        if (_perAddress[given.Address] is var has && has > 1)
        {
            _perAddress[given.Address] = has - 1;
        }
        else
        {
            _perAddress.Remove(given.Address);
        }
    }

    private readonly record struct Given(string Address, long At, LinkedListNode<string> Place);
}
