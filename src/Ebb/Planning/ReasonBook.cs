using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Ebb.Planning;

/// <summary>Reasons by name, each written when somebody asks for it.</summary>
internal sealed class ReasonBook<T>(IReadOnlyList<T> things, Func<T, string> name, Func<T, string> reason) : IReadOnlyDictionary<string, string>
{
    // Made on the first look-up; two threads would come to the same.
    private Dictionary<string, T>? _byName;

    public int Count => things.Count;

    public IEnumerable<string> Keys => things.Select(name);

    public IEnumerable<string> Values => things.Select(reason);

    public string this[string key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"There is no '{key}' in this plan.");

    public bool ContainsKey(string key) => ByName().ContainsKey(key);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        value = ByName().TryGetValue(key, out var thing) ? reason(thing) : null;
        return value is not null;
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() =>
        things.Select(thing => KeyValuePair.Create(name(thing), reason(thing))).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private Dictionary<string, T> ByName()
    {
        if (_byName is null)
        {
            var byName = new Dictionary<string, T>(things.Count);
            foreach (var thing in things)
            {
                byName[name(thing)] = thing;
            }

            _byName = byName;
        }

        return _byName;
    }
}
