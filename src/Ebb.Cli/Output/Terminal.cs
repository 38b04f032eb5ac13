using Spectre.Console;

namespace Ebb.Cli.Output;

/// <summary>Where a command writes: results to <see cref="Out"/>, everything else to <see cref="Error"/>.</summary>
internal sealed class Terminal(TextWriter @out, TextWriter error, bool rich, bool colours, TextReader? input = null)
{
    private IAnsiConsole? _console;

    public TextWriter Out { get; } = @out;

    public TextWriter Error { get; } = error;

    /// <summary>Tables, live views and progress are wanted: a person looks at <see cref="Out"/>.</summary>
    public bool Rich { get; } = rich;

    /// <summary>What a person types; null when nobody can be asked.</summary>
    public TextReader? In { get; } = input;

    /// <summary>Over <see cref="Out"/>. Only for what needs a terminal; plain text goes to the writers.</summary>
    public IAnsiConsole Console => _console ??= AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = Rich ? AnsiSupport.Yes : AnsiSupport.No,
        ColorSystem = colours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        Interactive = InteractionSupport.No,
        Out = new AnsiConsoleOutput(Out),
    });

    /// <summary>A line of result.</summary>
    public void Print(string line) => Out.WriteLine(line);

    /// <summary>A line for the person who waits for the result.</summary>
    public void Say(string line) => Error.WriteLine(line);

    public static Terminal OfThisProcess()
    {
        var rich = !System.Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb";
        var colours = rich && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        var asks = !System.Console.IsInputRedirected && !System.Console.IsErrorRedirected;
        return new Terminal(System.Console.Out, System.Console.Error, rich, colours, asks ? System.Console.In : null);
    }
}
