using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>
/// One version of one object. Kept as the bytes that go on the wire; the tree and the typed views are made when someone
/// asks, and the tree is let go again when the version is no longer a recent one. Read it under the agenda's gate.
/// </summary>
public sealed class KubeObject
{
    private static readonly JsonObject None = [];

    private readonly Encoded _encoded;
    private JsonObject? _json;
    private WeakReference<JsonObject>? _again;
    private object? _view;
    private object[]? _moreViews;

    /// <summary>Of <paramref name="json"/>, which <paramref name="encoded"/> holds as bytes, only the identity is read.</summary>
    internal KubeObject(Kind kind, JsonObject json, Encoded encoded, long resourceVersion)
    {
        // The writer's tree is not kept: its numbers have the types that the writer happened to use, and reading an int
        // as a long would throw. A parsed tree has numbers of any type, and shares its bytes with its copies.
        Kind = kind;
        _encoded = encoded;
        ResourceVersion = resourceVersion;
        var metadata = json["metadata"] as JsonObject ?? None;
        Namespace = kind.Namespaced ? (string?)metadata["namespace"] ?? "" : "";
        Name = (string?)metadata["name"] ?? "";
        Uid = (string?)metadata["uid"] ?? "";
        Deleting = metadata["deletionTimestamp"] is not null;
        OwnerUids = ReadOwners(metadata);
        NodeName = kind.Equals(Kinds.Pod) ? (string?)json["spec"]?["nodeName"] ?? "" : "";
    }

    public Kind Kind { get; }

    /// <summary>Empty for what is cluster-wide.</summary>
    public string Namespace { get; }

    public string Name { get; }

    public string Uid { get; }

    public long ResourceVersion { get; }

    /// <summary>It has a deletionTimestamp.</summary>
    public bool Deleting { get; }

    /// <summary>The whole object. Frozen by convention: never change it.</summary>
    public JsonObject Json => _json ?? Again();

    public JsonObject Metadata => Json["metadata"] as JsonObject ?? None;

    /// <summary>The whole object as UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> Utf8 => _encoded.Bytes;

    internal string[] OwnerUids { get; }

    /// <summary>The node that a pod is bound to; empty for all else.</summary>
    internal string NodeName { get; }

    /// <summary>What <paramref name="parse"/> makes of the object, parsed once for each version and type.</summary>
    public T View<T>(Func<JsonObject, T> parse)
        where T : class
    {
        if (_view is T first)
        {
            return first;
        }

        if (_moreViews is not null)
        {
            foreach (var other in _moreViews)
            {
                if (other is T found)
                {
                    return found;
                }
            }
        }

        var view = parse(Json);
        if (_view is null)
        {
            _view = view;
        }
        else
        {
            _moreViews = [.. _moreViews ?? [], view];
        }

        return view;
    }

    public override string ToString() => Namespace.Length == 0
        ? $"{Kind.Plural}/{Name}@{ResourceVersion}"
        : $"{Kind.Plural}/{Namespace}/{Name}@{ResourceVersion}";

    /// <summary>Same bytes, but for the resource version.</summary>
    internal bool SameAs(Encoded other) => _encoded.SameButForVersion(other);

    internal bool SameSpecAs(Encoded other) => _encoded.Spec.SequenceEqual(other.Spec);

    /// <summary>The same state under another resource version: what a watch sends of an object that left its selection.</summary>
    internal KubeObject At(long resourceVersion)
    {
        var json = Json.DeepClone().AsObject();
        json["metadata"]!["resourceVersion"] = resourceVersion.ToString();
        return new KubeObject(Kind, json, new Encoder().Encode(json), resourceVersion);
    }

    internal void LetTreeGo() => _json = null;

    /// <summary>A tree is ten times the size of its bytes: one that is made again lasts only while someone looks at it.</summary>
    private JsonObject Again()
    {
        if (_again is not null && _again.TryGetTarget(out var tree))
        {
            return tree;
        }

        tree = Encoder.Parse(_encoded.Bytes);
        _again = new WeakReference<JsonObject>(tree);
        return tree;
    }

    private static string[] ReadOwners(JsonObject metadata)
    {
        if (metadata["ownerReferences"] is not JsonArray { Count: > 0 } owners)
        {
            return [];
        }

        var uids = new List<string>(owners.Count);
        foreach (var owner in owners)
        {
            if ((owner as JsonObject)?["uid"] is JsonValue uid && uid.GetValueKind() == JsonValueKind.String)
            {
                uids.Add((string)uid!);
            }
        }

        return [.. uids];
    }
}
