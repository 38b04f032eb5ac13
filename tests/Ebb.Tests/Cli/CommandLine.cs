using Ebb.Cli;
using Ebb.Cli.Output;

namespace Ebb.Tests.Cli;

/// <summary>Runs the program in this process, as from a pipe.</summary>
internal sealed record CommandLine(int ExitCode, string Out, string Error)
{
    public static async Task<CommandLine> RunAsync(params string[] args)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        var code = await EbbProgram.RunAsync(args, new Terminal(output, error, rich: false, colours: false));
        return new CommandLine(code, output.ToString(), error.ToString());
    }
}
