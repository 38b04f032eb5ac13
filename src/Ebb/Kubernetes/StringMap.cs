using System.Collections;

namespace Ebb.Kubernetes;

/// <summary>
/// An immutable map for the handful of entries that labels, selectors and resources have: two references per entry, and
/// maps of equal content, such as the requests of all pods of one Job, are mostly one instance.
/// </summary>
internal sealed class StringMap : IReadOnlyDictionary<string, string>
{
    // Up to here comparing keys one by one costs no more than hashing does.
    private const int MaxLinear = 32;

    private const int Slots = 2048;

    private static readonly StringMap?[] Cache = new StringMap?[Slots];

    private readonly KeyValuePair<string, string>[] _entries;

    private StringMap(KeyValuePair<string, string>[] entries) => _entries = entries;

    public static StringMap Empty { get; } = new([]);

    public int Count => _entries.Length;

    public IEnumerable<string> Keys => _entries.Select(e => e.Key);

    public IEnumerable<string> Values => _entries.Select(e => e.Value);

    public string this[string key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException(key);

    /// <summary>A map of these entries; of keys that come twice the last counts, as everywhere in JSON.</summary>
    public static IReadOnlyDictionary<string, string> Of(ReadOnlySpan<KeyValuePair<string, string>> entries)
    {
        if (entries.IsEmpty)
        {
            return Empty;
        }

        if (entries.Length > MaxLinear || HasTwins(entries))
        {
            var last = new Dictionary<string, string>(entries.Length);
            foreach (var (key, value) in entries)
            {
                last[key] = value;
            }

            return last;
        }

        var hash = default(HashCode);
        foreach (var (key, value) in entries)
        {
            hash.Add(key);
            hash.Add(value);
        }

        ref var slot = ref Cache[(uint)hash.ToHashCode() % Slots];
        if (slot is { } hit && Same(hit._entries, entries))
        {
            return hit;
        }

        return slot = new StringMap(entries.ToArray());
    }

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, out string value)
    {
        foreach (ref readonly var entry in _entries.AsSpan())
        {
            if (entry.Key == key)
            {
                value = entry.Value;
                return true;
            }
        }

        value = null!;
        return false;
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() =>
        ((IEnumerable<KeyValuePair<string, string>>)_entries).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    // KeyValuePair brings no equality of its own; the inherited one goes by reflection.
    private static bool Same(ReadOnlySpan<KeyValuePair<string, string>> one, ReadOnlySpan<KeyValuePair<string, string>> other)
    {
        if (one.Length != other.Length)
        {
            return false;
        }

        for (var i = 0; i < one.Length; i++)
        {
            if (one[i].Key != other[i].Key || one[i].Value != other[i].Value)
            {
                return false;
            }
        }

        return true;
    }

    private static bool HasTwins(ReadOnlySpan<KeyValuePair<string, string>> entries)
    {
        for (var i = 1; i < entries.Length; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (entries[i].Key == entries[j].Key)
                {
                    return true;
                }
            }
        }

        return false;
    }
}
