using System.Net;
using System.Net.Sockets;

namespace Ebb.Controller.Joining.Limits;

/// <summary>How often may be asked: by one address, and by all together. Buckets that refill evenly.</summary>
/// <param name="mostAddresses">So many are told apart; further ones share one bucket until others have been quiet for long.</param>
internal sealed class RequestRates(Rate perAddress, Rate inTotal, int mostAddresses, TimeProvider time)
{
    private const string Others = "others";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);
    private readonly Bucket _total = new(inTotal.Burst, time.GetTimestamp());
    private long _sweptAt = time.GetTimestamp();

    public int Addresses
    {
        get
        {
            lock (_lock)
            {
                return _buckets.Count;
            }
        }
    }

    /// <summary>Null when it may go on; else how long to wait.</summary>
    public TimeSpan? Ask(string address)
    {
        var now = time.GetTimestamp();
        lock (_lock)
        {
            var own = BucketOf(address, now);
            return Wait(own, perAddress, now) ?? Wait(_total, inTotal, now) ?? Spend(own);
        }
    }

    /// <summary>
    /// What is told apart: an IPv4 address, or the network of 64 bits that an IPv6 address is in, since whoever has one of
    /// these has all.
    /// </summary>
    public static string KeyOf(IPAddress? address)
    {
        if (address is null)
        {
            return Others;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6 || address.Equals(IPAddress.IPv6Loopback))
        {
            return address.ToString();
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes) + "/64";
    }

    private TimeSpan? Wait(Bucket bucket, Rate rate, long now)
    {
        bucket.Left = Math.Min(rate.Burst, bucket.Left + (time.GetElapsedTime(bucket.At, now).TotalSeconds * rate.PerSecond));
        bucket.At = now;
        return bucket.Left >= 1 ? null : TimeSpan.FromSeconds((1 - bucket.Left) / rate.PerSecond);
    }

    private TimeSpan? Spend(Bucket own)
    {
        own.Left--;
        _total.Left--;
        return null;
    }

    private Bucket BucketOf(string address, long now)
    {
        if (_buckets.TryGetValue(address, out var bucket))
        {
            return bucket;
        }

        if (_buckets.Count >= mostAddresses)
        {
            Sweep(now);
        }

        // The one for all others stands beside the limit.
        var key = _buckets.Count < mostAddresses ? address : Others;
        if (!_buckets.TryGetValue(key, out bucket))
        {
            _buckets[key] = bucket = new Bucket(perAddress.Burst, now);
        }

        return bucket;
    }

    /// <summary>Forgets those whose bucket would be full by now: a new one is the same. At most once a second, since it looks at all.</summary>
    private void Sweep(long now)
    {
        if (time.GetElapsedTime(_sweptAt, now) < TimeSpan.FromSeconds(1))
        {
            return;
        }

        _sweptAt = now;
        foreach (var (address, bucket) in _buckets.ToArray())
        {
            if (bucket.Left + (time.GetElapsedTime(bucket.At, now).TotalSeconds * perAddress.PerSecond) >= perAddress.Burst)
            {
                _buckets.Remove(address);
            }
        }
    }

    private sealed class Bucket(double left, long at)
    {
        public double Left { get; set; } = left;

        public long At { get; set; } = at;
    }
}

/// <param name="PerSecond">In the long run.</param>
/// <param name="Burst">At once after a pause.</param>
public sealed record Rate(double PerSecond, int Burst);
