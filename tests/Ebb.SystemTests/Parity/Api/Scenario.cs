using System.Text.RegularExpressions;

namespace Ebb.SystemTests.Parity.Api;

/// <summary>Requests that follow on each other, in a namespace of their own.</summary>
public sealed record Scenario(string File, string Title, IReadOnlyList<Step> Steps)
{
    /// <summary>The same on both servers, so that what they say about it is the same.</summary>
    public string Namespace { get; } = "s-" + File.ToLowerInvariant() + "-" + Place(Title);

    public override string ToString() => File + ": " + Title;

    private static string Place(string title)
    {
        var name = Regex.Replace(title.ToLowerInvariant(), "[^a-z0-9]+", "-").Trim('-');
        return name.Length > 40 ? name[..40].TrimEnd('-') : name;
    }
}

/// <summary>One request of the table.</summary>
/// <param name="Line">Where it stands in its file.</param>
/// <param name="Method">WATCH is a GET whose first <see cref="Take"/> events are read.</param>
public sealed record Step(int Line, string Method, string Path)
{
    /// <summary>Null: no body, and no content type.</summary>
    public string? Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>With no certificate: who is nobody in particular.</summary>
    public bool Anonymous { get; init; }

    public int Take { get; init; } = 1;

    /// <summary>Asked again until the answer has this in it: some things the real server does a little later.</summary>
    public string? Until { get; init; }

    /// <summary>What to remember of the answer: a name, and where in the body it stands.</summary>
    public IReadOnlyList<(string Name, string Path)> Keep { get; init; } = [];

    /// <summary>What of any text in the answer is drawn by lot.</summary>
    public Regex? Mask { get; init; }

    /// <summary>Ids of deliberate differences, and where in the answer they show.</summary>
    public IReadOnlyList<(string Id, Regex Where)> Differs { get; init; } = [];
}
