using System.Collections.Immutable;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using static Ebb.Cli.Definition.Source.SourceNode;
using Scalar = YamlDotNet.Core.Events.Scalar;

namespace Ebb.Cli.Definition.Source;

/// <summary>Reads YAML into nodes that know their place, and goes on after what can be gone on after.</summary>
/// <param name="problem">Told of each problem; where a whole value is lost there stands <see cref="Broken"/>.</param>
internal sealed class SourceReader(string text, Action<Place, string> problem)
{
    // The deepest key of an ebb.yaml stands at five.
    private const int Deepest = 20;

    private readonly Dictionary<string, SourceNode> _anchors = [];
    private readonly HashSet<string> _open = [];
    private readonly Parser _parser = new(new StringReader(text));

    /// <summary>The file's one value; null when it is not YAML, or empty. The problem has been told.</summary>
    public SourceNode? Read()
    {
        try
        {
            return ReadDocument();
        }
        catch (YamlException e)
        {
            Unreadable(new Place(e.Start.Line, e.Start.Column), e.Message);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The parser meets some malformed input with these, and knows where it was.
            var at = _parser.Current?.End ?? Mark.Empty;
            Unreadable(new Place(Math.Max(1, at.Line), Math.Max(1, at.Column)), "the file breaks off or is malformed near here.");
        }

        return null;
    }

    private SourceNode? ReadDocument()
    {
        _parser.MoveNext();
        _parser.MoveNext();
        if (_parser.Current is StreamEnd or null)
        {
            problem(new Place(1, 1), "the file is empty. 'ebb init' writes one to begin with.");
            return null;
        }

        _parser.MoveNext();
        var root = Compose(0);
        _parser.MoveNext();
        if (_parser.Current is DocumentStart second)
        {
            problem(At(second), "a second document begins here. One file describes one cluster: remove it, or put it in a file of its own.");
        }

        return root;
    }

    /// <summary>Reads the value that the parser stands on, and leaves it on the event after.</summary>
    private SourceNode Compose(int depth)
    {
        var current = _parser.Current ?? throw new InvalidOperationException("No event is left.");
        if (depth > Deepest)
        {
            throw new YamlException(current.Start, current.End, "this is nested too deeply.");
        }

        if (current is AnchorAlias alias)
        {
            _parser.MoveNext();
            return Resolve(alias);
        }

        if (current is not NodeEvent node)
        {
            throw new YamlException(current.Start, current.End, "a value is missing here.");
        }

        if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific)
        {
            problem(At(node), "tags such as !!str are not read here. Remove it; text goes in quotes.");
        }

        var anchor = node.Anchor.IsEmpty ? null : node.Anchor.Value;
        if (anchor is not null)
        {
            _open.Add(anchor);
        }

        SourceNode composed = node switch
        {
            Scalar scalar => ComposeScalar(scalar),
            SequenceStart list => ComposeList(list, depth),
            MappingStart mapping => ComposeMapping(mapping, depth),
            _ => throw new YamlException(node.Start, node.End, "this is not understood."),
        };
        if (anchor is not null)
        {
            _open.Remove(anchor);
            _anchors[anchor] = composed;
        }

        return composed;
    }

    private SourceNode Resolve(AnchorAlias alias)
    {
        var name = alias.Value.Value;
        if (!_open.Contains(name) && _anchors.TryGetValue(name, out var node))
        {
            return node;
        }

        problem(At(alias), _open.Contains(name)
            ? $"'*{name}' stands within the very value that it stands for. Write the value out."
            : $"there is no anchor '&{name}' before '*{name}'. Write the value out.");
        return new Broken(At(alias));
    }

    private SourceNode.Scalar ComposeScalar(Scalar scalar)
    {
        _parser.MoveNext();
        return new SourceNode.Scalar(At(scalar), scalar.Value, scalar.Style is ScalarStyle.Plain);
    }

    private List ComposeList(SequenceStart start, int depth)
    {
        var items = ImmutableArray.CreateBuilder<SourceNode>();
        _parser.MoveNext();
        while (_parser.Current is not SequenceEnd)
        {
            items.Add(Compose(depth + 1));
        }

        _parser.MoveNext();
        return new List(At(start), items.ToImmutable());
    }

    private Mapping ComposeMapping(MappingStart start, int depth)
    {
        var entries = ImmutableArray.CreateBuilder<Entry>();
        var lines = new Dictionary<string, long>(StringComparer.Ordinal);
        _parser.MoveNext();
        while (_parser.Current is not MappingEnd)
        {
            var key = Compose(depth + 1);
            var value = Compose(depth + 1);
            if (key is not SourceNode.Scalar scalar)
            {
                problem(key.Place, "a key must be a word.");
            }
            else if (!lines.TryAdd(scalar.Text, scalar.Place.Line))
            {
                problem(key.Place, $"'{Shown.Of(scalar.Text)}' stands here already, on line {lines[scalar.Text]}. Remove one of the two.");
            }
            else
            {
                entries.Add(new Entry(scalar.Text, scalar.Place, value));
            }
        }

        _parser.MoveNext();
        return new Mapping(At(start), entries.ToImmutable());
    }

    private void Unreadable(Place place, string why)
    {
        // What spoils a value may be the line after the one that it began on.
        foreach (var (line, number) in text.Split('\n').Select((line, i) => (line, i + 1)).Skip((int)place.Line - 1).Take(2))
        {
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            if (tab >= 0 && string.IsNullOrWhiteSpace(line[..tab]))
            {
                problem(new Place(number, tab + 1), "this line is indented with a tab. Use spaces.");
                return;
            }
        }

        problem(place, $"this is not YAML: {Shown.Of(why, 200)} Check indentation, quotes and colons on this line and the one before.");
    }

    private static Place At(ParsingEvent e) => new(e.Start.Line, e.Start.Column);
}
