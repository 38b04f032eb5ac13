using System.Collections.Immutable;

namespace Ebb.Sandbox.Kubernetes.Api.Schemas;

/// <summary>What a JSON value must look like.</summary>
internal enum Shape
{
    Any,
    Text,
    Int32,
    Int64,
    Number,
    Bool,
    IntOrString,
    Quantity,
    Time,
    MicroTime,
    Bytes,
    Object,
    List,
    Map,
}

/// <summary>The type of a field: a shape, and what it is made of.</summary>
/// <param name="Item">Of lists and maps.</param>
/// <param name="Of">Of objects.</param>
internal sealed record FieldType(Shape Shape, FieldType? Item = null, ObjectSchema? Of = null)
{
    public static readonly FieldType Any = new(Shape.Any);
    public static readonly FieldType Text = new(Shape.Text);
}

/// <summary>One field of an object, and how patches merge it.</summary>
internal sealed record SchemaField(string Name, FieldType Type)
{
    public string Description { get; init; } = "";

    public bool Required { get; init; }

    /// <summary>Its number in protocol buffers; more than one when it lies in a part that JSON does not show; empty: none.</summary>
    public ImmutableArray<int> Number { get; init; } = [];

    /// <summary>Protocol buffers always send it: an empty value means that there is none.</summary>
    public bool EmptyMeansNone { get; init; }

    /// <summary>The key by which a strategic merge patch merges the list; empty for lists of primitives; null: replaced.</summary>
    public string? MergeKey { get; init; }

    /// <summary>The keys by which server-side apply merges the list; empty: not such a list.</summary>
    public ImmutableArray<string> MapKeys { get; init; } = [];

    /// <summary>Server-side apply merges the list as a set.</summary>
    public bool Set { get; init; }

    /// <summary>Server-side apply takes it as a whole, though it is an object or a map.</summary>
    public bool Atomic { get; init; }

    /// <summary>A strategic merge patch may say which keys are kept.</summary>
    public bool RetainKeys { get; init; }
}

/// <summary>The fields of an object.</summary>
internal sealed class ObjectSchema(string fullName)
{
    /// <summary>As in OpenAPI: io.k8s.api.core.v1.Pod.</summary>
    public string FullName { get; } = fullName;

    public string Name { get; } = fullName[(fullName.LastIndexOf('.') + 1)..];

    public string Description { get; init; } = "";

    /// <summary>Taken as a whole by server-side apply.</summary>
    public bool Atomic { get; init; }

    /// <summary>Fields that are not listed are kept.</summary>
    public bool Open { get; init; }

    /// <summary>Group and version of a kind; null for a part of one.</summary>
    public (string Group, string Version)? Kind { get; init; }

    public Dictionary<string, SchemaField> Fields { get; } = new(StringComparer.Ordinal);
}
