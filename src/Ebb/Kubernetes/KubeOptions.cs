namespace Ebb.Kubernetes;

/// <summary>Which objects to list or watch. The default is all of them.</summary>
public sealed record Selection
{
    public static Selection All { get; } = new();

    /// <summary>Null for all namespaces.</summary>
    public string? Namespace { get; init; }

    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }
}

/// <summary>How a write is done.</summary>
public sealed record WriteOptions
{
    public static WriteOptions Default { get; } = new();

    /// <summary>Write this part of the object: <c>status</c>, <c>scale</c>.</summary>
    public string? Subresource { get; init; }

    /// <summary>Have the server check everything and change nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Who owns the fields written. Server-side apply needs it.</summary>
    public string? FieldManager { get; init; } = "ebb";

    /// <summary>Of server-side apply: take fields over from other managers.</summary>
    public bool Force { get; init; }
}

public enum PatchKind
{
    /// <summary>RFC 6902: a list of operations.</summary>
    Json,

    /// <summary>RFC 7386: null removes, a list is replaced whole.</summary>
    Merge,

    /// <summary>Like <see cref="Merge"/>, but lists that have a key are merged by it. Not for custom resources.</summary>
    Strategic,

    /// <summary>Server-side apply: these fields are mine and are to be so; makes the object when there is none.</summary>
    Apply,
}

/// <summary>All objects of a selection as of one resource version.</summary>
public sealed record KubeList<T>(IReadOnlyList<T> Items, string ResourceVersion);

/// <summary>One change seen by a watch.</summary>
/// <param name="Object">For a bookmark only its resource version means anything.</param>
public sealed record WatchEvent<T>(WatchEventKind Kind, T Object);

public enum WatchEventKind
{
    Added,
    Modified,
    Deleted,
    Bookmark,
}

public enum EvictionResult
{
    Evicting,

    /// <summary>A disruption budget forbids it for now.</summary>
    BudgetForbids,

    /// <summary>There is no such pod any more.</summary>
    Gone,
}
