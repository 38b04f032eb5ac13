using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Tables;

/// <summary>Writes objects as the Table that kubectl prints.</summary>
internal static class TableWriter
{
    public static JsonObject Write(
        Resource resource,
        IReadOnlyList<KubeObject> items,
        JsonObject metadata,
        string? includeObject,
        DateTimeOffset now,
        bool withColumns,
        string apiVersion)
    {
        if (includeObject is not (null or "Metadata" or "Object" or "None"))
        {
            throw ApiException.BadRequest(
                $"Unable to convert to Table as requested: includeObject: Invalid value: \"{includeObject}\": " +
                "must be 'Metadata', 'Object', 'None', or empty");
        }

        var columns = Columns.Of(resource);
        var rows = new JsonArray();
        foreach (var item in items)
        {
            rows.Add(Row(resource, item, columns, includeObject, now, apiVersion));
        }

        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = apiVersion,
            ["metadata"] = metadata,
            ["columnDefinitions"] = withColumns ? Definitions(columns) : new JsonArray(),
            ["rows"] = rows,
        };
    }

    private static JsonArray Definitions(IReadOnlyList<Column> columns)
    {
        var definitions = new JsonArray();
        foreach (var column in columns)
        {
            definitions.Add(new JsonObject
            {
                ["name"] = column.Name,
                ["type"] = column.Type,
                ["format"] = column.Format,
                ["description"] = column.Name,
                ["priority"] = column.Wide ? 1 : 0,
            });
        }

        return definitions;
    }

    private static JsonObject Row(
        Resource resource, KubeObject item, IReadOnlyList<Column> columns, string? includeObject, DateTimeOffset now,
        string apiVersion)
    {
        var cells = new JsonArray();
        foreach (var column in columns)
        {
            cells.Add(column.Cell(item, now));
        }

        var row = new JsonObject { ["cells"] = cells };
        if (Finished(item) is { } reason)
        {
            row["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "Completed",
                ["status"] = "True",
                ["reason"] = reason,
                ["message"] = reason == "Succeeded" ? "The pod has completed successfully." : "The pod failed.",
            });
        }

        switch (includeObject)
        {
            case "None":
                break;
            case "Object":
                row["object"] = Versions.ToServed(item, resource).DeepClone();
                break;
            default:
                row["object"] = new JsonObject
                {
                    ["kind"] = "PartialObjectMetadata",
                    ["apiVersion"] = apiVersion,
                    ["metadata"] = item.Metadata.DeepClone(),
                };
                break;
        }

        return row;
    }

    private static string? Finished(KubeObject item) =>
        item.Kind.Equals(Kinds.Pod) && item.Json.Text("status", "phase") is "Succeeded" or "Failed"
            ? item.Json.Text("status", "phase") : null;
}
