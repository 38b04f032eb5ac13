namespace Ebb.Kubernetes;

/// <summary>A path with its query, each value escaped; null values are left out.</summary>
internal sealed record Query(string PathAndQuery)
{
    public static Query Of(string path, Selection selection) =>
        new Query(path).With("labelSelector", selection.LabelSelector).With("fieldSelector", selection.FieldSelector);

    public static Query Of(string path, WriteOptions options) =>
        new Query(path).With("fieldManager", options.FieldManager).With("dryRun", options.DryRun ? "All" : null);

    public Query With(string name, string? value) =>
        value is null
            ? this
            : new($"{PathAndQuery}{(PathAndQuery.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{name}={Uri.EscapeDataString(value)}");

    public override string ToString() => PathAndQuery;
}
