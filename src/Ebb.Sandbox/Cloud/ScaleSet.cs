using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Cloud;

/// <summary>A group of identical machines as it is at an instant; the world replaces it at every change.</summary>
public sealed record ScaleSet
{
    public required string SubscriptionId { get; init; }

    public required string Group { get; init; }

    public required string Name { get; init; }

    public required string Location { get; init; }

    public required string UniqueId { get; init; }

    public required string PlacementGroupId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The typed part of <see cref="Model"/>.</summary>
    public required ScaleSetSpec Spec { get; init; }

    /// <summary>All that was ever put, merged: for the face. Frozen: clone before changing.</summary>
    public required JsonObject Model { get; init; }

    /// <summary>The model as clients read it: with the capacity of now, which deletions and evictions lower. A copy.</summary>
    public JsonObject ModelNow => ScaleSetModel.Merge(Model, new JsonObject { ["sku"] = new JsonObject { ["capacity"] = Capacity } });

    /// <summary>Rises when what new instances are made from changes.</summary>
    public int ModelVersion { get; init; } = 1;

    /// <summary>How many machines the cloud is to keep; differs from the instances' count while some come or go, or fail to come.</summary>
    public required int Capacity { get; init; }

    /// <summary>Rises by one with every write to the set.</summary>
    public long ETag { get; init; } = 1;

    public ProvisioningState Provisioning { get; init; } = ProvisioningState.Creating;

    public ImmutableSortedDictionary<int, Instance> Instances { get; init; } = ImmutableSortedDictionary<int, Instance>.Empty;

    public int NextNumber { get; init; }

    public string Size => Spec.Size;

    public Priority Priority => Spec.Priority;

    public ImmutableArray<string> Zones => Spec.Zones;

    public ImmutableSortedDictionary<string, string> Tags => Spec.Tags;

    public string ResourceId => Standalone ? MachineIdOf(SubscriptionId, Group, Name[1..]) : ResourceIdOf(SubscriptionId, Group, Name);

    /// <summary>Not a scale set, but one machine that stands alone.</summary>
    public bool Standalone => Name.StartsWith(MachineMark);

    /// <summary>The entity tag as clients send it back: a number in quotes.</summary>
    public string ETagText => $"\"{ETag}\"";

    // No name of a scale set or machine begins with it.
    private const char MachineMark = '_';

    /// <summary>The name of the set of one that a machine that stands alone is kept as.</summary>
    internal static string OfMachine(string machine) => MachineMark + machine;

    internal static string MachineIdOf(string subscription, string group, string name) =>
        $"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}";

    /// <summary>What one of its machines is: the model that it was made from, or last upgraded to. A machine that stands alone is what was last put.</summary>
    public JsonObject ModelOf(Instance machine) => Standalone ? Model : machine.Model;

    /// <summary>What one of its machines is told when its disk is made.</summary>
    public byte[] CustomDataOf(Instance machine)
    {
        var text = JsonRead.Text(JsonRead.At(ModelOf(machine), "properties", "virtualMachineProfile", "osProfile", "customData")) ?? "";
        var data = new byte[text.Length];
        return Convert.TryFromBase64String(text, data, out var length) ? data[..length] : [];
    }

    internal static string ResourceIdOf(string subscription, string group, string set) =>
        $"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{set}";
}

/// <summary>Which machines go first when capacity is lowered.</summary>
public enum ScaleIn
{
    /// <summary>Zones are kept in balance, then the highest id goes.</summary>
    Default,
    NewestVM,
    OldestVM,
}

public enum UpgradeMode
{
    Manual,
    Automatic,
    Rolling,
}
