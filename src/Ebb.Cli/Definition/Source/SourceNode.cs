using System.Collections.Immutable;

namespace Ebb.Cli.Definition.Source;

/// <summary>Where something stands in a file; both count from 1.</summary>
internal readonly record struct Place(long Line, long Column);

/// <summary>One value as written, with its place. What aliases point to is the very same node.</summary>
internal abstract class SourceNode
{
    private SourceNode(Place place) => Place = place;

    public Place Place { get; }

    /// <param name="plain">Written without quotes and not as a block: only then may it be a number, true, false or nothing.</param>
    internal sealed class Scalar(Place place, string text, bool plain) : SourceNode(place)
    {
        public string Text { get; } = text;

        public bool Plain { get; } = plain;
    }

    internal sealed class Mapping(Place place, ImmutableArray<Entry> entries) : SourceNode(place)
    {
        /// <summary>In the order written; no key comes twice.</summary>
        public ImmutableArray<Entry> Entries { get; } = entries;
    }

    internal sealed class List(Place place, ImmutableArray<SourceNode> items) : SourceNode(place)
    {
        public ImmutableArray<SourceNode> Items { get; } = items;
    }

    /// <summary>Stands for what could not be read; the problem has been told.</summary>
    internal sealed class Broken(Place place) : SourceNode(place);

    internal sealed record Entry(string Key, Place KeyPlace, SourceNode Value);
}
