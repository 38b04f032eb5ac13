using Ebb.Cli.Definition.Source;

namespace Ebb.Cli.Definition.Shapes;

/// <summary>What is gathered while a file is read: all problems, and where each value stands.</summary>
/// <param name="file">As it is to be shown.</param>
/// <param name="environment">Gives a variable's value; null when it is not set.</param>
internal sealed class Reading(string file, Func<string, string?> environment)
{
    // Aliases can make a small file describe a vast one.
    private const int MostValues = 20_000;

    // More does not help anyone who has to mend them.
    private const int MostShown = 40;

    private readonly Dictionary<string, Place> _places = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unsound = new(StringComparer.Ordinal);
    private readonly List<(Place Place, string Text)> _problems = [];
    private int _left = MostValues;

    public Func<string, string?> Environment { get; } = environment;

    /// <summary>Notes where the value of this path stands.</summary>
    public void Enter(string path, Place place)
    {
        _places[path] = place;
        if (--_left < 0)
        {
            throw new EbbException($"{file}:{place.Line}:{place.Column}: the aliases of this file stand for too much. Write the values out.");
        }
    }

    public bool IsGiven(string path) => _places.ContainsKey(path);

    /// <summary>False when this value, or one within it, was told of already: rules that compare it with others have no ground.</summary>
    public bool IsSound(string path) => !_unsound.Contains(path);

    public void Problem(string path, Place place, string what)
    {
        for (var at = path; !string.IsNullOrEmpty(at); at = Parent(at))
        {
            _unsound.Add(at);
        }

        _problems.Add((place, $"{file}:{place.Line}:{place.Column}: {(path.Length > 0 ? path + ": " : "")}{what}"));
    }

    /// <summary>A problem of a value, or of what is there by default: then it is shown where the key would stand.</summary>
    public void Problem(string path, string what)
    {
        var at = path;
        while (at.Length > 0 && !_places.ContainsKey(at))
        {
            at = Parent(at);
        }

        Problem(path, _places.GetValueOrDefault(at, new Place(1, 1)), what);
    }

    /// <exception cref="EbbException">There are problems: all of them, in the order of the file.</exception>
    public void ThrowIfAny()
    {
        var lines = _problems.OrderBy(p => p.Place.Line).ThenBy(p => p.Place.Column).Select(p => p.Text).Distinct().ToList();
        if (lines.Count == 0)
        {
            return;
        }

        throw new EbbException(lines.Count == 1
            ? lines[0]
            : $"{file} has {lines.Count} problems:\n  {string.Join("\n  ", lines.Take(MostShown))}"
                + (lines.Count > MostShown ? $"\n  and {lines.Count - MostShown} more." : ""));
    }

    private static string Parent(string path)
    {
        var end = path.EndsWith(']') ? path.LastIndexOf('[') : path.LastIndexOf('.');
        return end > 0 ? path[..end] : "";
    }
}
