using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Tables;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Puts objects into the form that was asked for.</summary>
internal sealed class Rendering(ObjectStore store)
{
    public byte[] Table(Call call, IReadOnlyList<KubeObject> items, JsonObject listMetadata, bool withColumns = true) =>
        Versions.Bytes(TableWriter.Write(
            call.Resource, items, listMetadata, call.Query["includeObject"], store.Agenda.Now, withColumns, MetaVersion(call)));

    public ReadOnlyMemory<byte> One(Call call, KubeObject item, Form form, bool withColumns = true) => form switch
    {
        Form.Table => Table(
            call, [item], new JsonObject { ["resourceVersion"] = item.ResourceVersion.ToString() }, withColumns),
        Form.Metadata => Versions.Bytes(MetadataOf(item, MetaVersion(call))),
        _ => Versions.Utf8(item, call.Resource),
    };

    public IReadOnlyList<ReadOnlyMemory<byte>> List(
        Call call, IReadOnlyList<KubeObject> items, JsonObject listMetadata, Form form)
    {
        if (form is Form.Table)
        {
            return [Table(call, items, listMetadata)];
        }

        var partial = form is Form.Metadata;
        var head = new JsonObject
        {
            ["kind"] = partial ? "PartialObjectMetadataList" : call.Resource.Kind.Name + "List",
            ["apiVersion"] = partial ? MetaVersion(call) : call.Resource.ApiVersion,
            ["metadata"] = listMetadata,
        };
        var start = Versions.Bytes(head);
        var parts = new List<ReadOnlyMemory<byte>>((items.Count * 2) + 3)
        {
            start.AsMemory(0, start.Length - 1),
            ",\"items\":["u8.ToArray(),
        };
        var prefix = System.Text.Encoding.UTF8.GetBytes(
            $"{{\"apiVersion\":\"{call.Resource.ApiVersion}\",\"kind\":\"{call.Resource.Kind.Name}\",");
        foreach (var item in items)
        {
            parts.Add((parts.Count > 2 ? ",{"u8 : "{"u8).ToArray());
            var bytes = partial ? Versions.Bytes(MetadataOf(item, MetaVersion(call))) : Versions.Utf8(item, call.Resource);

            // The items of a list do not say again what they are, but for custom ones; what is kept always says it first.
            parts.Add(bytes.Span.StartsWith(prefix) && !call.Resource.Kind.Custom ? bytes[prefix.Length..] : bytes[1..]);
        }

        parts.Add("]}"u8.ToArray());
        return parts;
    }

    /// <summary>In which of its two versions the form is wanted.</summary>
    public static string MetaVersion(Call call) => "meta.k8s.io/" + Accept.MetaVersion(call.Request.Accept);

    private static JsonObject MetadataOf(KubeObject item, string apiVersion) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = apiVersion,
        ["metadata"] = item.Metadata.DeepClone(),
    };
}
