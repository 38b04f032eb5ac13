using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Clouds.Azure;

// What Azure sends, and only the members that are read. Everything may be missing: what must be there is checked where it is used.
internal sealed record WirePage<T>(IReadOnlyList<T?>? Value, string? NextLink);

internal sealed record WireScaleSet(
    string? Id,
    string? Name,
    string? Location,
    string? Etag,
    IReadOnlyDictionary<string, string>? Tags,
    IReadOnlyList<string>? Zones,
    WireSku? Sku,
    WireScaleSetProperties? Properties);

internal sealed record WireSku(string? Name, string? Tier, int? Capacity);

internal sealed record WireScaleSetProperties(
    string? OrchestrationMode,
    string? ProvisioningState,
    string? UniqueId,
    bool? SinglePlacementGroup,
    WireProfile? VirtualMachineProfile);

internal sealed record WireProfile(string? Priority, WireStorageProfile? StorageProfile);

internal sealed record WireStorageProfile(WireOsDisk? OsDisk);

internal sealed record WireOsDisk(int? DiskSizeGB, WireDiffDisk? DiffDiskSettings);

internal sealed record WireDiffDisk(string? Option);

internal sealed record WireInstance(
    string? Id,
    string? Name,
    string? InstanceId,
    string? Location,
    string? Etag,
    IReadOnlyList<string>? Zones,
    WireSku? Sku,
    WireInstanceProperties? Properties);

internal sealed record WireInstanceProperties(
    string? VmId,
    string? ProvisioningState,
    bool? LatestModelApplied,
    DateTimeOffset? TimeCreated,
    WireHardwareProfile? HardwareProfile,
    WireOsProfile? OsProfile,
    WireProtectionPolicy? ProtectionPolicy,
    WireInstanceView? InstanceView);

internal sealed record WireHardwareProfile(string? VmSize);

internal sealed record WireOsProfile(string? ComputerName);

internal sealed record WireProtectionPolicy(bool? ProtectFromScaleIn, bool? ProtectFromScaleSetActions);

internal sealed record WireInstanceView(IReadOnlyList<WireStatus?>? Statuses);

internal sealed record WireStatus(string? Code);

internal sealed record WireSize(
    string? ResourceType,
    string? Name,
    string? Family,
    IReadOnlyList<WireCapability?>? Capabilities,
    IReadOnlyList<WireRestriction?>? Restrictions);

internal sealed record WireCapability(string? Name, string? Value);

internal sealed record WireRestriction(string? Type);

internal sealed record WireUsage(long? CurrentValue, long? Limit, WireName? Name);

internal sealed record WireName(string? Value);

internal sealed record WireOperation(string? Status, WireError? Error);

/// <summary>An error, and at once the envelope that may wrap it.</summary>
internal sealed record WireError(
    string? Code,
    string? Message,
    IReadOnlyList<WireError?>? Details,
    WireInnerError? Innererror,
    WireError? Error,
    string? Target = null);

internal sealed record WireInnerError(string? InternalErrorCode);

// What we send.
internal sealed record WireCapacity(WireSku Sku);

// Of tags all are sent, since those that are not are taken off; null leaves them.
internal sealed record WireSizeChange(WireSku Sku, IReadOnlyDictionary<string, string>? Tags);

// Left out where it is not said: other calls than a reimage do not know it.
internal sealed record WireInstanceIds(
    IReadOnlyList<string> InstanceIds,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), JsonPropertyName("forceUpdateOSDiskForEphemeral")] bool? NewImage = null);

internal sealed record WireProtection(string? Location, WireProtectionProperties Properties);

internal sealed record WireProtectionProperties(WireProtectionPolicy ProtectionPolicy);

// The instance metadata service.
internal sealed record WireMachine(
    string? Name,
    string? SubscriptionId,
    string? ResourceGroupName,
    string? Location,
    string? VmScaleSetName,
    string? VmId,
    string? ResourceId,
    string? AzEnvironment);

internal sealed record WireToken(
    [property: JsonPropertyName("access_token")] string? AccessToken,
    [property: JsonPropertyName("expires_on")] string? ExpiresOn,
    [property: JsonPropertyName("expires_in")] string? ExpiresIn);

internal sealed record WireTokenError(
    string? Error,
    [property: JsonPropertyName("error_description")] string? Description);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WirePage<WireScaleSet>))]
[JsonSerializable(typeof(WirePage<WireInstance>))]
[JsonSerializable(typeof(WirePage<WireSize>))]
[JsonSerializable(typeof(WirePage<WireUsage>))]
[JsonSerializable(typeof(WireOperation))]
[JsonSerializable(typeof(WireError))]
[JsonSerializable(typeof(WireCapacity))]
[JsonSerializable(typeof(WireSizeChange))]
[JsonSerializable(typeof(WireInstanceIds))]
[JsonSerializable(typeof(WireProtection))]
[JsonSerializable(typeof(WireMachine))]
[JsonSerializable(typeof(WireToken))]
[JsonSerializable(typeof(WireTokenError))]
internal sealed partial class ArmJson : JsonSerializerContext;
