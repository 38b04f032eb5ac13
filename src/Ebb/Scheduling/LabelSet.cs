using System.Collections.Immutable;

namespace Ebb.Scheduling;

/// <summary>Labels in order of their keys: small, compared by content, shared by all objects labelled alike.</summary>
public sealed class LabelSet : IEquatable<LabelSet>
{
    private readonly KeyValuePair<string, string>[] _labels;
    private readonly int _hash;

    private LabelSet(KeyValuePair<string, string>[] sorted)
    {
        _labels = sorted;
        var hash = default(HashCode);
        foreach (var (key, value) in sorted)
        {
            hash.Add(key);
            hash.Add(value);
        }

        _hash = hash.ToHashCode();
    }

    public static LabelSet Empty { get; } = new([]);

    public int Count => _labels.Length;

    public ReadOnlySpan<KeyValuePair<string, string>> AsSpan() => _labels;

    public static LabelSet From(IEnumerable<KeyValuePair<string, string>>? labels)
    {
        if (labels is null)
        {
            return Empty;
        }

        KeyValuePair<string, string>[] sorted = [.. labels];
        Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return sorted.Length == 0 ? Empty : new LabelSet(sorted);
    }

    /// <summary>The value of the label; null when it is not set.</summary>
    public string? Get(string key)
    {
        // Objects have a dozen labels: looking at each beats any cleverness.
        foreach (var (name, value) in _labels)
        {
            if (name == key)
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>These labels with others set over them.</summary>
    public LabelSet With(params ReadOnlySpan<KeyValuePair<string, string>> others)
    {
        var all = new Dictionary<string, string>(_labels.Length + others.Length);
        foreach (var (key, value) in _labels)
        {
            all[key] = value;
        }

        foreach (var (key, value) in others)
        {
            all[key] = value;
        }

        return From(all);
    }

    /// <summary>Only the labels with these keys.</summary>
    public LabelSet Only(IReadOnlySet<string> keys)
    {
        var kept = _labels.Where(label => keys.Contains(label.Key)).ToArray();
        return kept.Length == _labels.Length ? this : kept.Length == 0 ? Empty : new LabelSet(kept);
    }

    public ImmutableSortedDictionary<string, string> ToDictionary() => ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, _labels);

    public bool Equals(LabelSet? other) =>
        ReferenceEquals(this, other) || (other is not null && _hash == other._hash && _labels.AsSpan().SequenceEqual(other._labels));

    public override bool Equals(object? obj) => Equals(obj as LabelSet);

    public override int GetHashCode() => _hash;

    public override string ToString() => string.Join(',', _labels.Select(label => $"{label.Key}={label.Value}"));
}
