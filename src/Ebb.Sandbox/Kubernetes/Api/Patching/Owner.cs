using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Patching;

/// <summary>One entry of managedFields.</summary>
internal sealed record Owner(
    string Manager, string Operation, string ApiVersion, string Subresource, string? Time, FieldSet Fields)
{
    public static List<Owner> ReadAll(KubeObject item) =>
    [
        .. item.Metadata.Objects("managedFields").Select(entry => new Owner(
            entry.Text("manager") ?? "",
            entry.Text("operation") ?? "",
            entry.Text("apiVersion") ?? "",
            entry.Text("subresource") ?? "",
            entry.Text("time"),
            FieldSet.Read(entry["fieldsV1"]))),
    ];

    public static JsonArray WriteAll(IEnumerable<Owner> owners) =>
        new([.. owners.Where(owner => !owner.Fields.IsEmpty)
            .OrderBy(owner => owner.Operation, StringComparer.Ordinal)
            .ThenBy(owner => owner.Time, StringComparer.Ordinal)
            .ThenBy(owner => owner.Manager, StringComparer.Ordinal)
            .Select(owner => owner.Write())]);

    public JsonObject Write()
    {
        var json = new JsonObject
        {
            ["manager"] = Manager,
            ["operation"] = Operation,
            ["apiVersion"] = ApiVersion,
        };
        if (Time is not null)
        {
            json["time"] = Time;
        }

        json["fieldsType"] = "FieldsV1";
        json["fieldsV1"] = Fields.Write();
        if (Subresource.Length > 0)
        {
            json["subresource"] = Subresource;
        }

        return json;
    }
}
