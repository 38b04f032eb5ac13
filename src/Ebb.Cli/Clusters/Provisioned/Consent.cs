using Ebb.Cli.Output;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Asks a person before something that is there is changed or ended.</summary>
internal static class Consent
{
    /// <param name="yes">Already given, on the command line.</param>
    /// <exception cref="EbbException">Nobody is there to ask, or the answer was no; nothing has been changed.</exception>
    /// <exception cref="OperationCanceledException">Ctrl-C instead of an answer; nothing has been changed.</exception>
    public static async Task RequireAsync(string question, bool yes, Terminal terminal, CancellationToken ct)
    {
        if (yes)
        {
            return;
        }

        if (terminal.In is not { } person)
        {
            throw new EbbException($"{question} Nobody is at a terminal to answer: say --yes to go ahead. Nothing has been changed.");
        }

        await terminal.Error.WriteAsync($"{question} [y/N] ");
        string? answer;
        try
        {
            // A terminal is read without heed of anything else, and a console's reader reads at once also where it is asked not to.
            answer = (await Task.Run(person.ReadLine, CancellationToken.None).WaitAsync(ct))?.Trim();
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            terminal.Say("\nNothing has been changed.");
            throw;
        }

        if (answer is not ("y" or "Y" or "yes"))
        {
            throw new EbbException("Then nothing is changed.");
        }
    }
}
