using System.Text.RegularExpressions;

namespace Ebb.Cli.Definition.Shapes;

/// <summary>What plain text means to YAML. Its versions differ, so text that any of them takes for something else is not taken as text.</summary>
internal static partial class Scalars
{
    public static ScalarKind KindOf(string plain) => plain switch
    {
        "" or "~" or "null" or "Null" or "NULL" => ScalarKind.Nothing,
        "true" or "false" => ScalarKind.Flag,
        _ when Whole().IsMatch(plain) => ScalarKind.Whole,
        _ when plain.Length <= 5 && Flags().IsMatch(plain) => ScalarKind.OtherFlag,
        _ when Number().IsMatch(plain) => ScalarKind.OtherNumber,
        _ when Date().IsMatch(plain) => ScalarKind.Date,
        _ => ScalarKind.Text,
    };

    /// <summary>For messages: what YAML makes of it.</summary>
    public static string Word(ScalarKind kind) => kind switch
    {
        ScalarKind.Nothing => "nothing",
        ScalarKind.Flag or ScalarKind.OtherFlag => "true or false to YAML",
        ScalarKind.Whole or ScalarKind.OtherNumber => "a number to YAML",
        ScalarKind.Date => "a date to YAML",
        _ => "text",
    };

    [GeneratedRegex(@"\A-?(0|[1-9][0-9]*)\z")]
    private static partial Regex Whole();

    // YAML 1.1 takes all of these for true or false, among them the country code of Norway.
    [GeneratedRegex(@"\A(y|n|yes|no|on|off|true|false)\z", RegexOptions.IgnoreCase)]
    private static partial Regex Flags();

    // Fractions, exponents, octal, hexadecimal, binary, digits apart by '_', and base 60 (12:30).
    [GeneratedRegex(@"\A([-+]?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|[-+]?\.[0-9][0-9_]*([eE][-+]?[0-9]+)?|[-+]?0[oxb][0-9a-fA-F_]+|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\z")]
    private static partial Regex Number();

    [GeneratedRegex(@"\A[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?\z", RegexOptions.Singleline)]
    private static partial Regex Date();
}

internal enum ScalarKind
{
    Text,
    Nothing,
    Flag,
    Whole,

    /// <summary>Not true or false to every reader of YAML.</summary>
    OtherFlag,

    /// <summary>A number, but not one that all write alike.</summary>
    OtherNumber,
    Date,
}
