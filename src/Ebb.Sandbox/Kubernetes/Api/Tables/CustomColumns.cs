using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Tables;

/// <summary>The columns that a CustomResourceDefinition asks for.</summary>
internal static class CustomColumns
{
    public static IReadOnlyList<Column> Of(JsonArray? definitions)
    {
        var columns = new List<Column> { Column.NameColumn };
        foreach (var definition in definitions.Objects())
        {
            var path = Steps(definition.Text("jsonPath") ?? "");
            var date = definition.Text("type") == "date";
            columns.Add(new Column(
                definition.Text("name") ?? "",
                (item, now) => Read(item.Json, path) is not { } value ? null
                    : date ? Ages.Since(value.Text(), now)
                    : value is JsonValue ? value.DeepClone() : value.ToJsonString(),
                definition.Whole("priority") is > 0)
            { Type = definition.Text("type") ?? "string" });
        }

        if (definitions is not { Count: > 0 })
        {
            columns.Add(Column.Age);
        }

        return columns;
    }

    /// <summary>The steps of a path like ".status.conditions[0].type" or ".status.conditions[?(@.type=="Ready")].status".</summary>
    private static List<string> Steps(string path)
    {
        var steps = new List<string>();
        var at = 0;
        while (at < path.Length)
        {
            if (path[at] == '.')
            {
                at++;
            }
            else if (path[at] == '[')
            {
                var end = path.IndexOf(']', at);
                end = end < 0 ? path.Length - 1 : end;
                steps.Add(path[at..(end + 1)]);
                at = end + 1;
            }
            else
            {
                var end = path.IndexOfAny(['.', '['], at);
                end = end < 0 ? path.Length : end;
                steps.Add(path[at..end]);
                at = end;
            }
        }

        return steps;
    }

    private static JsonNode? Read(JsonNode? node, List<string> steps)
    {
        foreach (var step in steps)
        {
            node = step[0] == '[' ? Item(node as JsonArray, step[1..^1]) : node.At(step.Replace("\\.", "."));
        }

        return node;
    }

    private static JsonNode? Item(JsonArray? list, string which)
    {
        if (int.TryParse(which, out var index))
        {
            return list is not null && index >= 0 && index < list.Count ? list[index] : null;
        }

        var equals = which.IndexOf("==", StringComparison.Ordinal);
        if (!which.StartsWith("?(@.", StringComparison.Ordinal) || equals < 0)
        {
            return null;
        }

        var field = which[4..equals].Trim();
        var value = which[(equals + 2)..].TrimEnd(')').Trim().Trim('"', '\'');
        return list.Objects().FirstOrDefault(item => item.Text(field) == value);
    }
}
