using System.CommandLine;

namespace Ebb.Cli.Output;

/// <summary>The option <c>--json</c>: standard output carries one JSON document and nothing else.</summary>
internal static class JsonOutput
{
    public static Option<bool> Option() => new("--json") { Description = "Print JSON." };
}
