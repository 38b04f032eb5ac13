using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Ebb.Kubernetes.Objects;

namespace Ebb.Kubernetes;

/// <summary>Reads and writes the trimmed records as the Kubernetes API spells them; members nobody reads are dropped.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters =
    [
        typeof(SharedStringConverter), typeof(StringMapConverter), typeof(TimeConverter),
        typeof(SharedListConverter<string>), typeof(SharedListConverter<V1Condition>), typeof(SharedListConverter<V1Container>),
        typeof(SharedListConverter<V1ContainerPort>), typeof(SharedListConverter<V1Expression>), typeof(SharedListConverter<V1Named>),
        typeof(SharedListConverter<V1OwnerReference>), typeof(SharedListConverter<V1Taint>), typeof(SharedListConverter<V1Toleration>),
        typeof(SharedListConverter<V1Volume>),
    ])]
[JsonSerializable(typeof(V1Any))]
[JsonSerializable(typeof(V1ApiResourceList))]
[JsonSerializable(typeof(V1Binding))]
[JsonSerializable(typeof(V1ConfigMap))]
[JsonSerializable(typeof(V1DaemonSet))]
[JsonSerializable(typeof(V1DeleteOptions))]
[JsonSerializable(typeof(V1Event))]
[JsonSerializable(typeof(V1Eviction))]
[JsonSerializable(typeof(V1Lease))]
[JsonSerializable(typeof(V1ListMeta))]
[JsonSerializable(typeof(V1Namespace))]
[JsonSerializable(typeof(V1Node))]
[JsonSerializable(typeof(V1PersistentVolume))]
[JsonSerializable(typeof(V1PersistentVolumeClaim))]
[JsonSerializable(typeof(V1Pod))]
[JsonSerializable(typeof(V1PodDisruptionBudget))]
[JsonSerializable(typeof(V1Secret))]
[JsonSerializable(typeof(V1Status))]
[JsonSerializable(typeof(V1StorageClass))]
[JsonSerializable(typeof(V1Taint))]
[JsonSerializable(typeof(V1Version))]
public sealed partial class KubeJson : JsonSerializerContext
{
    /// <summary>Reads one object.</summary>
    /// <exception cref="JsonException">Not JSON, or a member has the wrong type.</exception>
    public static T Read<T>(ReadOnlySpan<byte> utf8)
        where T : class =>
        JsonSerializer.Deserialize(utf8, TypeOf<T>()) ?? throw new JsonException($"null where a {typeof(T).Name} belongs.");

    /// <summary>Writes one object.</summary>
    public static byte[] Write<T>(T value)
        where T : class =>
        JsonSerializer.SerializeToUtf8Bytes(value, TypeOf<T>());

    private static JsonTypeInfo<T> TypeOf<T>() =>
        Default.GetTypeInfo(typeof(T)) as JsonTypeInfo<T>
        ?? throw new NotSupportedException($"{typeof(T)} is not among the types that {nameof(KubeJson)} was generated for.");
}
