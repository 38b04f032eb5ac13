using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Tables;

/// <summary>One column of a kind's table.</summary>
/// <param name="Wide">Shown by -o wide only.</param>
internal sealed record Column(string Name, Func<KubeObject, DateTimeOffset, JsonNode?> Cell, bool Wide = false)
{
    public string Type { get; init; } = "string";

    public string Format { get; init; } = "";

    public static Column Text(string name, Func<JsonObject, string?> cell, bool wide = false) =>
        new(name, (item, _) => cell(item.Json) ?? "", wide);

    /// <param name="type">What the column calls itself: some numbers of the real server call themselves strings.</param>
    public static Column Number(string name, Func<JsonObject, long?> cell, string type = "integer", bool wide = false) =>
        new(name, (item, _) => cell(item.Json) ?? 0, wide) { Type = type };

    public static readonly Column NameColumn = new("Name", (item, _) => item.Name) { Format = "name" };

    public static readonly Column Age =
        new("Age", (item, now) => Ages.Since(item.Metadata.Text("creationTimestamp"), now));

    public static readonly Column CreatedAt =
        new("Created At", (item, _) => item.Metadata.Text("creationTimestamp")) { Type = "date" };
}
