using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Ebb.Tests.House;

/// <summary>The source tree that these tests were built from.</summary>
internal static partial class Tree
{
    public static string Root { get; } = FindRoot();

    public static IEnumerable<SourceFile> Sources(string under) =>
        Directory.EnumerateFiles(Path.Combine(Root, under), "*.cs", SearchOption.AllDirectories)
            .Select(path => new SourceFile(Path.GetRelativePath(Root, path), File.ReadAllText(path)));

    /// <summary>The code without its comments and strings: words there break no rule.</summary>
    public static string CodeOf(SourceFile file) => CommentsAndStrings().Replace(file.Text, "");

    private static string FindRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));

    [GeneratedRegex("""//[^\n]*|/\*.*?\*/|\"{3}.*?\"{3}|"(?:\\.|[^"\\\n])*" """, RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex CommentsAndStrings();
}

internal sealed record SourceFile(string Path, string Text);
