namespace Ebb.Sandbox.Azure.Storage;

/// <summary>The bytes of a file, of which only what was ever written takes memory; the rest reads as zeros.</summary>
internal sealed class FileContent(long length)
{
    public const int PageSize = 64 << 10;

    private readonly Dictionary<long, byte[]> _pages = [];

    public long Length { get; private set; } = length;

    /// <summary>Bytes of memory that it takes.</summary>
    public long Used => (long)_pages.Count * PageSize;

    /// <summary>How much more memory a write would take at most.</summary>
    public long Cost(long offset, long count)
    {
        var cost = 0L;
        for (var page = offset / PageSize; count > 0 && page <= (offset + count - 1) / PageSize; page++)
        {
            cost += _pages.ContainsKey(page) ? 0 : PageSize;
        }

        return cost;
    }

    /// <summary>What lies beyond a shorter length is forgotten, and zeros if it grows again.</summary>
    public void Resize(long length)
    {
        if (length < Length)
        {
            Clear(length, Length - length);
        }

        Length = length;
    }

    /// <summary>Writes within the length.</summary>
    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var (page, at) = (offset / PageSize, (int)(offset % PageSize));
            var count = Math.Min(bytes.Length, PageSize - at);
            if (!_pages.TryGetValue(page, out var kept))
            {
                _pages[page] = kept = new byte[PageSize];
            }

            bytes[..count].CopyTo(kept.AsSpan(at));
            bytes = bytes[count..];
            offset += count;
        }
    }

    /// <summary>Zeros from <paramref name="offset"/> on; whole pages are given back.</summary>
    public void Clear(long offset, long count)
    {
        var end = offset + count;
        foreach (var page in _pages.Keys.Where(p => (p + 1) * PageSize > offset && p * PageSize < end).ToList())
        {
            var (first, last) = (Math.Max(offset, page * PageSize), Math.Min(end, (page + 1) * PageSize));
            if (last - first == PageSize)
            {
                _pages.Remove(page);
            }
            else
            {
                _pages[page].AsSpan((int)(first % PageSize), (int)(last - first)).Clear();
            }
        }
    }

    /// <summary>Reads within the length.</summary>
    public void Read(long offset, Span<byte> into)
    {
        while (into.Length > 0)
        {
            var at = (int)(offset % PageSize);
            var count = Math.Min(into.Length, PageSize - at);
            if (_pages.TryGetValue(offset / PageSize, out var kept))
            {
                kept.AsSpan(at, count).CopyTo(into);
            }
            else
            {
                into[..count].Clear();
            }

            into = into[count..];
            offset += count;
        }
    }
}
