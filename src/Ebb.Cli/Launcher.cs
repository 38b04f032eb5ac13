using System.Text.RegularExpressions;

namespace Ebb.Cli;

/// <summary>What the launcher tells about itself, so that printed commands can be pasted.</summary>
internal static partial class Launcher
{
    /// <summary>How the user called it, for example <c>./ebb</c>.</summary>
    public static string Command => Quote(Environment.GetEnvironmentVariable("EBB_CALLED") is { Length: > 0 } called ? called : "ebb");

    /// <summary>The source tree that it was started from.</summary>
    public static string Home => Environment.GetEnvironmentVariable("EBB_HOME") is { Length: > 0 } told ? told : ".";

    /// <summary>The path of an example, short where that works from here.</summary>
    public static string Example(string file)
    {
        var path = Path.Combine(Home, "examples", file);
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }

    /// <summary>As one word of a POSIX shell.</summary>
    public static string Quote(string word) => Plain().IsMatch(word) ? word : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    [GeneratedRegex(@"^[\w@%+=:,./-]+$")]
    private static partial Regex Plain();
}
