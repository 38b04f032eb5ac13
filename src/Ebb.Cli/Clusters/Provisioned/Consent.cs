using Ebb.Cli.Output;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Asks a person before something that is there is changed or ended.</summary>
internal static class Consent
{
    /// <param name="yes">Already given, on the command line.</param>
    /// <exception cref="EbbException">Nobody is there to ask, or the answer was no; nothing has been changed.</exception>
    public static void Require(string question, bool yes, Terminal terminal)
    {
        if (yes)
        {
            return;
        }

        if (terminal.In is not { } person)
        {
            throw new EbbException($"{question} Nobody is at a terminal to answer: say --yes to go ahead. Nothing has been changed.");
        }

        terminal.Error.Write($"{question} [y/N] ");
        var answer = person.ReadLine()?.Trim();
        if (answer is not ("y" or "Y" or "yes"))
        {
            throw new EbbException("Then nothing is changed.");
        }
    }
}
