using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Joining;

/// <summary>Reads and writes what machines and join servers say to each other.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false,
    MaxDepth = 16)]
[JsonSerializable(typeof(NonceAnswer))]
[JsonSerializable(typeof(JoinRequest))]
[JsonSerializable(typeof(JoinAnswer))]
[JsonSerializable(typeof(LeaveRequest))]
[JsonSerializable(typeof(LeaveAnswer))]
[JsonSerializable(typeof(NoticeRequest))]
[JsonSerializable(typeof(NoticeAnswer))]
[JsonSerializable(typeof(JoinError))]
public sealed partial class JoinJson : JsonSerializerContext;
