namespace Ebb.Cli.Definition;

/// <summary>A value that is never shown: what prints or logs it gets the name of the variable that it came from.</summary>
internal sealed class Secret(string variable, string value)
{
    /// <summary>The environment variable's name.</summary>
    public string Variable { get; } = variable;

    /// <summary>The value itself, for the one place that must send it.</summary>
    public string Reveal() => value;

    public override string ToString() => $"${{{Variable}}}";
}
