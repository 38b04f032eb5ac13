using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Ebb.Cli.Provisioning.Orders;

/// <summary>What the operator and control-plane machines tell each other through <see cref="SystemShare"/>.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ControlPlaneOrders))]
[JsonSerializable(typeof(ControlPlaneTurn))]
[JsonSerializable(typeof(ControlPlaneState))]
[JsonSerializable(typeof(OrderedFile))]
internal sealed partial class OrdersJson : JsonSerializerContext
{
    /// <param name="path">On the share, for whoever has to mend it.</param>
    public static T Read<T>(ReadOnlySpan<byte> content, string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(content, type) ?? throw new JsonException("It is null.");
        }
        catch (JsonException e)
        {
            throw new EbbException(
                $"'{path}' on share '{SystemShare.Name}' is not what Ebb writes there: {e.Message.TrimEnd('.')}. Delete it; 'ebb up' and the machines write it anew.", e);
        }
    }
}
