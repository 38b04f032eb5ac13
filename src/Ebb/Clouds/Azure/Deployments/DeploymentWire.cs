using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Ebb.Clouds.Azure.Deployments;

// What Azure sends about groups and deployments, and only the members that are read. Everything may be missing.
internal sealed record WireGroup(string? Id, string? Name, string? Location, IReadOnlyDictionary<string, string>? Tags, WireState? Properties);

internal sealed record WireState(string? ProvisioningState);

internal sealed record WireResource(
    string? Id,
    string? Name,
    string? Type,
    string? Location,
    IReadOnlyDictionary<string, string>? Tags,
    string? ManagedBy,
    string? ProvisioningState);

internal sealed record WireDeployment(string? Name, IReadOnlyDictionary<string, string>? Tags, WireDeploymentProperties? Properties);

internal sealed record WireDeploymentProperties(
    string? ProvisioningState,
    DateTimeOffset? Timestamp,
    string? Duration,
    string? CorrelationId,
    JsonElement? Outputs,
    IReadOnlyList<WireId?>? OutputResources,
    WireError? Error);

internal sealed record WireId(string? Id);

internal sealed record WireStep(string? OperationId, WireStepProperties? Properties);

internal sealed record WireStepProperties(
    string? ProvisioningOperation,
    string? ProvisioningState,
    DateTimeOffset? Timestamp,
    string? Duration,
    string? StatusCode,
    JsonElement? StatusMessage,
    WireTarget? TargetResource);

internal sealed record WireTarget(string? Id, string? ResourceType, string? ResourceName);

internal sealed record WireWhatIf(string? Status, WireWhatIfProperties? Properties, WireError? Error, IReadOnlyList<WireChange?>? Changes);

internal sealed record WireWhatIfProperties(IReadOnlyList<WireChange?>? Changes);

internal sealed record WireChange(
    string? ResourceId,
    string? ChangeType,
    JsonElement? Before,
    JsonElement? After,
    IReadOnlyList<WireDelta?>? Delta,
    string? UnsupportedReason);

internal sealed record WireDelta(string? Path, string? PropertyChangeType, JsonElement? Before, JsonElement? After, IReadOnlyList<WireDelta?>? Children);

internal sealed record WireSubscription(string? SubscriptionId, string? DisplayName, string? State, string? TenantId);

internal sealed record WireLocation(string? Name, string? DisplayName, WireLocationMetadata? Metadata);

internal sealed record WireLocationMetadata(string? RegionType);

/// <summary>A step on the way to an image: publisher, offer, sku or version.</summary>
internal sealed record WireImagePart(string? Name);

internal sealed record WireProvider(string? Namespace, string? RegistrationState);

internal sealed record WireOffer(
    string? ResourceType,
    string? Name,
    string? Family,
    IReadOnlyList<WireOfferPlace?>? LocationInfo,
    IReadOnlyList<WireCapability?>? Capabilities,
    IReadOnlyList<WireOfferRestriction?>? Restrictions);

internal sealed record WireOfferPlace(string? Location, IReadOnlyList<string>? Zones);

internal sealed record WireOfferRestriction(string? Type, string? ReasonCode, WireRestrictedPlaces? RestrictionInfo);

internal sealed record WireRestrictedPlaces(IReadOnlyList<string>? Locations, IReadOnlyList<string>? Zones);

internal sealed record WireRights(
    IReadOnlyList<string>? Actions,
    IReadOnlyList<string>? NotActions,
    IReadOnlyList<string>? DataActions,
    IReadOnlyList<string>? NotDataActions);

internal sealed record WireNameAnswer(bool? NameAvailable, string? Reason, string? Message, bool? Available);

internal sealed record WireAccount(string? Id, string? Name, IReadOnlyDictionary<string, string>? Tags, WireAccountProperties? Properties);

internal sealed record WireAccountProperties(WireEndpoints? PrimaryEndpoints);

internal sealed record WireEndpoints(string? File);

internal sealed record WirePublicAddress(string? Id, string? Name, IReadOnlyDictionary<string, string>? Tags, WirePublicAddressProperties? Properties);

internal sealed record WirePublicAddressProperties(string? IpAddress, WireDnsSettings? DnsSettings);

internal sealed record WireDnsSettings(string? Fqdn);

internal sealed record WireMachineSize(string? Name);

internal sealed record WireResize(WireResizeProperties Properties);

internal sealed record WireResizeProperties(WireHardware HardwareProfile);

internal sealed record WireHardware(string VmSize);

internal sealed record WireGrowth(WireDiskSize Properties);

internal sealed record WireDiskSize([property: JsonPropertyName("diskSizeGB")] int GiB);

internal sealed record WireOsProfile(string? ComputerName, System.Text.Json.Nodes.JsonObject? LinuxConfiguration);

internal sealed record WireSetMachine(string? Name, WireSetMachineProperties? Properties);

internal sealed record WireSetMachineProperties(bool? LatestModelApplied, WireOsProfile? OsProfile, WireInstanceView? InstanceView);

internal sealed record WireKeys(IReadOnlyList<WireKey?>? Keys);

internal sealed record WireKey(string? KeyName, string? Value, string? Permissions, DateTimeOffset? CreationTime)
{
    /// <summary>Not a word of the key.</summary>
    public override string ToString() => KeyName ?? "key";
}

// What we send.
internal sealed record WireKeyName(string KeyName);

internal sealed record WireGroupBody(string Location, IReadOnlyDictionary<string, string> Tags);

internal sealed record WireNameQuestion(string Name, string Type);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(WireGroup))]
[JsonSerializable(typeof(WireResource))]
[JsonSerializable(typeof(WirePage<WireGroup>))]
[JsonSerializable(typeof(WirePage<WireResource>))]
[JsonSerializable(typeof(WireDeployment))]
[JsonSerializable(typeof(WirePage<WireDeployment>))]
[JsonSerializable(typeof(WirePage<WireStep>))]
[JsonSerializable(typeof(WireWhatIf))]
[JsonSerializable(typeof(WireSubscription))]
[JsonSerializable(typeof(WirePage<WireSubscription>))]
[JsonSerializable(typeof(WirePage<WireLocation>))]
[JsonSerializable(typeof(WireProvider))]
[JsonSerializable(typeof(IReadOnlyList<WireImagePart>))]
[JsonSerializable(typeof(WirePage<WireOffer>))]
[JsonSerializable(typeof(WirePage<WireUsage>))]
[JsonSerializable(typeof(WirePage<WireRights>))]
[JsonSerializable(typeof(WireNameAnswer))]
[JsonSerializable(typeof(WireAccount))]
[JsonSerializable(typeof(WirePage<WirePublicAddress>))]
[JsonSerializable(typeof(WirePage<WireMachineSize>))]
[JsonSerializable(typeof(WireResize))]
[JsonSerializable(typeof(WireGrowth))]
[JsonSerializable(typeof(WirePage<WireSetMachine>))]
[JsonSerializable(typeof(WireKeys))]
[JsonSerializable(typeof(WireKeyName))]
[JsonSerializable(typeof(WireGroupBody))]
[JsonSerializable(typeof(WireNameQuestion))]
internal sealed partial class DeploymentJson : JsonSerializerContext;
