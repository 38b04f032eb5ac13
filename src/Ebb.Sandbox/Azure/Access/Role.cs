using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Ebb.Sandbox.Azure.Access;

/// <summary>What a role allows.</summary>
internal sealed record Role(string Id, string Name, string Description)
{
    private readonly ImmutableArray<Regex> _allowed = [];
    private readonly ImmutableArray<Regex> _except = [];

    public ImmutableArray<string> Actions
    {
        get;
        init
        {
            field = value;
            _allowed = [.. value.Select(Pattern)];
        }
    } = [];

    public ImmutableArray<string> NotActions
    {
        get;
        init
        {
            field = value;
            _except = [.. value.Select(Pattern)];
        }
    } = [];

    public ImmutableArray<string> DataActions { get; init; } = [];

    public bool BuiltIn { get; init; } = true;

    public ImmutableArray<string> AssignableScopes { get; init; } = ["/"];

    public bool Allows(string action) => _allowed.Any(p => p.IsMatch(action)) && !_except.Any(p => p.IsMatch(action));

    // A star between slashes stands for any number of segments, none too: 'x/*/read' covers 'x/read'.
    private static Regex Pattern(string action) => new(
        "^" + Regex.Escape(action).Replace(@"/\*/", "/(.*/)?", StringComparison.Ordinal).Replace(@"\*", ".*", StringComparison.Ordinal) + @"\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
}
