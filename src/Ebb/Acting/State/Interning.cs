using Ebb.Scheduling;

namespace Ebb.Acting.State;

/// <summary>One instance for all that is equal: what a hundred thousand pods share is held once.</summary>
internal sealed class Interning
{
    private readonly HashSet<string> _strings = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PodClass> _classes = new(StringComparer.Ordinal);
    private readonly Dictionary<Owner, Owner> _owners = [];
    private readonly Dictionary<LabelSet, LabelSet> _labels = [];

    /// <summary>How much is held; what no pod uses any more stays until <see cref="Forget"/>.</summary>
    public int Count => _strings.Count + _classes.Count + _owners.Count + _labels.Count;

    public string Of(string text)
    {
        if (_strings.TryGetValue(text, out var known))
        {
            return known;
        }

        _strings.Add(text);
        return text;
    }

    public Owner Of(Owner owner)
    {
        if (_owners.TryGetValue(owner, out var known))
        {
            return known;
        }

        _owners.Add(owner, owner);
        return owner;
    }

    public LabelSet Labels(IReadOnlyDictionary<string, string>? labels)
    {
        if (labels is null or { Count: 0 })
        {
            return LabelSet.Empty;
        }

        var set = LabelSet.From(labels);
        if (_labels.TryGetValue(set, out var known))
        {
            return known;
        }

        set = LabelSet.From(labels.Select(label => KeyValuePair.Create(Of(label.Key), Of(label.Value))));
        _labels.Add(set, set);
        return set;
    }

    public PodClass? Class(ReadOnlySpan<char> key) =>
        _classes.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(key, out var known) ? known : null;

    public PodClass Keep(ReadOnlySpan<char> key, PodClass made)
    {
        _classes[key.ToString()] = made;
        return made;
    }

    /// <summary>Drops what none of these pods uses, so that a year of jobs leaves no year of labels behind.</summary>
    public void Forget(IEnumerable<Pod> live)
    {
        HashSet<PodClass> classes = [];
        _strings.Clear();
        _owners.Clear();
        _labels.Clear();
        foreach (var pod in live)
        {
            classes.Add(pod.Class);
            _strings.Add(pod.Namespace);
            _strings.Add(pod.Node);
            _labels[pod.Labels] = pod.Labels;
            if (pod.Owner is { } owner)
            {
                _owners[owner] = owner;
            }
        }

        foreach (var labels in _labels.Keys)
        {
            foreach (var (key, value) in labels.AsSpan())
            {
                _strings.Add(key);
                _strings.Add(value);
            }
        }

        foreach (var (key, value) in _classes)
        {
            if (!classes.Contains(value))
            {
                _classes.Remove(key);
            }
        }
    }
}
