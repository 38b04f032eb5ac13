using System.CommandLine;
using System.CommandLine.Invocation;
using Ebb.Cli.Commands;
using Ebb.Cli.Output;

namespace Ebb.Cli;

/// <summary>Reads the command line, runs one command and turns how it ended into an exit code.</summary>
internal static class EbbProgram
{
    // The sandbox's host stops machines, faces, loop and a real control plane's components in turn; each of these is bounded.
    private static readonly TimeSpan TimeToStop = TimeSpan.FromSeconds(35);

    public static async Task<int> RunAsync(string[] args, Terminal terminal)
    {
        var root = Root.Create(terminal);
        var parsed = root.Parse(args);
        var settings = new InvocationConfiguration
        {
            Output = terminal.Out,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeToStop,
        };
        if (parsed.Action is ParseErrorAction)
        {
            return Usage.Explain(parsed, terminal);
        }

        try
        {
            return await parsed.InvokeAsync(settings, CancellationToken.None);
        }
        catch (OperationCanceledException)
        {
            terminal.Say("Stopped.");
            return ExitCode.Failed;
        }
        catch (Exception e)
        {
            return Trouble.Report(e, terminal.Error, parsed.GetValue(Root.Verbose));
        }
    }
}
