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

    public static Column Number(string name, Func<JsonObject, long?> cell, bool wide = false) =>
        new(name, (item, _) => cell(item.Json) ?? 0, wide) { Type = "integer" };

    public static readonly Column NameColumn = new("Name", (item, _) => item.Name) { Format = "name" };

    public static readonly Column Age =
        new("Age", (item, now) => Ages.Since(item.Metadata.Text("creationTimestamp"), now));
}
