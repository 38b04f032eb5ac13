using System.Collections.Immutable;

namespace Ebb.Sandbox.Cloud;

/// <summary>The calls of the cloud, as faults, limits and counters know them.</summary>
public enum CallKind
{
    GetSubscription,
    PutGroup,
    GetGroup,
    ListGroups,
    DeleteGroup,
    ListResources,
    ListScaleSets,
    GetScaleSet,
    GetScaleSetView,
    PutScaleSet,
    PatchScaleSet,
    DeleteScaleSet,
    ListInstances,
    GetInstance,
    PutInstance,
    DeleteInstances,
    Start,
    PowerOff,
    Deallocate,
    Restart,
    Reimage,
    Upgrade,
    SimulateEviction,
    GetOperation,
    ListSizes,
    ListUsages,
    PutAutoscale,
    GetAutoscale,
    DeleteAutoscale,
    GetMetrics,
    PutMachine,
    GetMachine,
    DeleteMachine,
    PutResource,
    PatchResource,
    GetResource,
    DeleteResource,
    ActOnResource,
}

/// <summary>How often the cloud was asked, refused calls counted too.</summary>
public sealed record Requests
{
    public ImmutableSortedDictionary<CallKind, long> ByKind { get; init; } = ImmutableSortedDictionary<CallKind, long>.Empty;

    public long Total { get; init; }

    public long Writes { get; init; }

    public long Reads => Total - Writes;

    internal static bool IsWrite(CallKind kind) => kind is CallKind.PutGroup or CallKind.DeleteGroup or CallKind.PutScaleSet
        or CallKind.PatchScaleSet or CallKind.DeleteScaleSet or CallKind.PutInstance or CallKind.DeleteInstances or CallKind.Start
        or CallKind.PowerOff or CallKind.Deallocate or CallKind.Restart or CallKind.Reimage or CallKind.Upgrade
        or CallKind.SimulateEviction or CallKind.PutAutoscale or CallKind.DeleteAutoscale or CallKind.PutMachine or CallKind.DeleteMachine
        or CallKind.PutResource or CallKind.PatchResource or CallKind.DeleteResource or CallKind.ActOnResource;

    internal Requests Count(CallKind kind) => this with
    {
        ByKind = ByKind.SetItem(kind, ByKind.GetValueOrDefault(kind) + 1),
        Total = Total + 1,
        Writes = Writes + (IsWrite(kind) ? 1 : 0),
    };
}
