using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Ebb.Cli.Commands;

/// <summary>The usual help, then the command's examples.</summary>
internal sealed class HelpWithExamples(HelpAction usual, ImmutableArray<Example> ofRoot) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var settings = parseResult.InvocationConfiguration;
        var output = settings.Output;
        using var help = new StringWriter();
        settings.Output = help;
        usual.Invoke(parseResult);

        // The usual help calls the program like its file; people call it by the launcher's name.
        output.WriteLine(help.ToString().Replace($"  {RootCommand.ExecutableName} ", "  ebb ", StringComparison.Ordinal).TrimEnd());
        output.WriteLine();
        output.WriteLine("Examples:");
        var examples = parseResult.CommandResult.Command is Verb verb ? verb.Examples : ofRoot;
        var width = examples.Max(e => e.Line.Length);
        foreach (var example in examples)
        {
            output.WriteLine($"  {example.Line.PadRight(width)}  {example.Does}");
        }

        return ExitCode.Done;
    }
}
