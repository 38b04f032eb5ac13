using System.Collections.Immutable;
using System.CommandLine;

namespace Ebb.Cli.Commands;

/// <summary>A command whose help ends with examples.</summary>
internal sealed class Verb(string name, string description) : Command(name, description)
{
    public required ImmutableArray<Example> Examples { get; init; }
}

/// <param name="Line">As typed, ready to paste.</param>
/// <param name="Does">What it does, in a few words.</param>
internal sealed record Example(string Line, string Does);
