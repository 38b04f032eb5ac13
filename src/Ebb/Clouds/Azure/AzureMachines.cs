using Ebb.Pools;

namespace Ebb.Clouds.Azure;

/// <summary>Reads a machine off an instance of a scale set.</summary>
internal static class AzureMachines
{
    private const string ProviderScheme = "azure://";
    private const string Power = "PowerState/";
    private const string Failed = "ProvisioningState/failed/";

    /// <summary>Null for an instance that has no id yet: no call could name it.</summary>
    public static Machine? From(string pool, WireInstance instance)
    {
        // A member of a flexible set is a machine of its own, which calls know by its name.
        var id = instance.InstanceId ?? instance.Name;
        if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(instance.Id))
        {
            return null;
        }

        var properties = instance.Properties;
        var state = State(properties);
        return new Machine
        {
            Id = id,
            Pool = pool,
            Name = instance.Name ?? id,
            ProviderId = ProviderId(instance.Id),
            State = state,
            Size = instance.Sku?.Name ?? properties?.HardwareProfile?.VmSize ?? "",
            Zone = Zone(instance.Location, instance.Zones is [var zone, ..] ? zone : null) ?? "",
            HostName = properties?.OsProfile?.ComputerName ?? "",
            VmId = properties?.VmId ?? "",
            CreatedAt = properties?.TimeCreated,

            // Members of flexible sets do not say.
            LatestModel = properties?.LatestModelApplied,
            Changing = "Updating".Equals(properties?.ProvisioningState, StringComparison.OrdinalIgnoreCase),
            Protected = ScaleSets.IsFlexible(instance.Id)
                ? null
                : properties?.ProtectionPolicy is { } policy && (policy.ProtectFromScaleIn is true || policy.ProtectFromScaleSetActions is true),
            ETag = instance.Etag,
            Failure = state is MachineState.Failed ? FailureCode(properties) : null,
        };
    }

    /// <summary>As the cloud's Kubernetes integration writes a zone: <c>eastus-1</c>; null for none.</summary>
    public static string? Zone(string? location, string? zone) => string.IsNullOrEmpty(zone) ? null : $"{Region(location)}-{zone}";

    /// <summary>As the cloud's Kubernetes integration writes a region: <c>eastus</c> for <c>East US</c>.</summary>
    public static string Region(string? location) => (location ?? "").Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>The resource's path that a machine's provider id holds.</summary>
    public static string PathOf(Machine machine) => machine.ProviderId[ProviderScheme.Length..];

    /// <summary>The resource's id with the group in lower case, as the cloud's Kubernetes integration does.</summary>
    private static string ProviderId(string id)
    {
        const string Segment = "/resourceGroups/";
        var start = id.IndexOf(Segment, StringComparison.OrdinalIgnoreCase);
        if (start < 0)
        {
            return ProviderScheme + id;
        }

        start += Segment.Length;
        var end = id.IndexOf('/', start);
        return end < 0 ? ProviderScheme + id : $"{ProviderScheme}{id[..start]}{id[start..end].ToLowerInvariant()}{id[end..]}";
    }

    private static MachineState State(WireInstanceProperties? properties)
    {
        var power = Statuses(properties).FirstOrDefault(c => c.StartsWith(Power, StringComparison.OrdinalIgnoreCase))?[Power.Length..].ToLowerInvariant();
        return (properties?.ProvisioningState?.ToLowerInvariant(), power) switch
        {
            ("deleting", _) => MachineState.Deleting,
            ("creating", _) => MachineState.Creating,

            // The last operation on it failed, an extension's say; yet it runs, and so may work on it.
            ("failed", "running" or "starting") => MachineState.Running,
            ("failed", _) => MachineState.Failed,
            (_, "running") => MachineState.Running,
            (_, "starting") => MachineState.Creating,
            (_, "stopping" or "deallocating") => MachineState.Stopping,
            (_, "stopped") => MachineState.Stopped,
            (_, "deallocated") => MachineState.Deallocated,
            _ => MachineState.Unknown,
        };
    }

    private static string FailureCode(WireInstanceProperties? properties) =>
        Statuses(properties).FirstOrDefault(c => c.StartsWith(Failed, StringComparison.OrdinalIgnoreCase))?[Failed.Length..] ?? "Failed";

    private static IEnumerable<string> Statuses(WireInstanceProperties? properties) =>
        from status in properties?.InstanceView?.Statuses ?? []
        where status?.Code is not null
        select status.Code;
}
