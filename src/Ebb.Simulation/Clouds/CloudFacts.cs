using Ebb.Clouds;
using Ebb.Pools;
using Ebb.Sandbox.Cloud;
using Priority = Ebb.Pools.Priority;

namespace Ebb.Simulation.Clouds;

/// <summary>Reads our nouns off the world's.</summary>
internal static class CloudFacts
{
    private const double BytesPerGiB = 1L << 30;

    /// <summary>Null for a scale set that its tags tell Ebb to ignore.</summary>
    public static Pool? PoolOf(ScaleSet set, CloudOptions options)
    {
        var size = options.Sizes.FirstOrDefault(size => size.Name.Equals(set.Size, StringComparison.OrdinalIgnoreCase));
        return new PoolFacts
        {
            Name = set.Name,
            CloudId = set.ResourceId,
            Size = set.Size,
            Hardware = size is null
                ? null
                : new MachineSize(size.Name, size.VCpus, (long)(size.MemoryGiB * BytesPerGiB))
                {
                    Gpus = size.Gpus,
                    Architecture = size.Architecture == "Arm64" ? "arm64" : "amd64",
                },
            Priority = set.Priority == Sandbox.Cloud.Priority.Spot ? Priority.Spot : Priority.Regular,
            Region = set.Location,
            Zones = [.. set.Zones.Select(zone => $"{set.Location}-{zone}")],
            LocalDisk = set.Spec.EphemeralDisk,
            Tags = set.Tags,
        }.ToPool();
    }

    public static Machine MachineOf(Instance instance, ScaleSet set) => new()
    {
        Id = instance.Id,
        Pool = set.Name,
        Name = instance.Name,
        ProviderId = instance.ProviderId,
        State = StateOf(instance),
        Size = instance.Size,
        Zone = instance.Zone.Length == 0 ? "" : $"{set.Location}-{instance.Zone}",
        HostName = instance.ComputerName,
        VmId = instance.VmId,
        Addresses = [instance.Address],
        CreatedAt = instance.CreatedAt,
        Protected = instance.ProtectedFromScaleIn || instance.ProtectedFromSetActions,
        Failure = instance.Failure?.Code,
    };

    public static GrowFailure FailureOf(CloudError error, Pool pool, DateTimeOffset at)
    {
        var refusal = error.Code switch
        {
            "SkuNotAvailable" => pool.Priority is Priority.Spot ? GrowRefusal.NoCapacity : GrowRefusal.NotOffered,
            "QuotaExceeded" or "OperationNotAllowed" => GrowRefusal.Quota,
            _ when error.Code.Contains("Allocation", StringComparison.Ordinal) => GrowRefusal.NoCapacity,
            _ => GrowRefusal.Refused,
        };
        return new GrowFailure(refusal, error.Code, error.Message, at);
    }

    private static MachineState StateOf(Instance instance) => (instance.Provisioning, instance.Power) switch
    {
        (ProvisioningState.Deleting, _) => MachineState.Deleting,
        (ProvisioningState.Creating, _) => MachineState.Creating,
        (_, PowerState.Running) => MachineState.Running,
        (_, PowerState.Starting) => MachineState.Creating,
        (ProvisioningState.Failed, _) => MachineState.Failed,
        (_, PowerState.Stopping or PowerState.Deallocating) => MachineState.Stopping,
        (_, PowerState.Stopped) => MachineState.Stopped,
        _ => MachineState.Deallocated,
    };
}
