using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Cloud;

/// <summary>One machine, of a scale set or alone, as it is at an instant; the world replaces it at every change.</summary>
public sealed record Instance
{
    /// <summary>The resource group's name as it was created.</summary>
    public required string Group { get; init; }

    /// <summary>The scale set's name as it was created; of a machine that stands alone, the name of the set of one that it is kept as.</summary>
    public required string Set { get; init; }

    /// <summary>In no scale set.</summary>
    public bool Standalone => Set.StartsWith('_');

    public required int Number { get; init; }

    public required string SubscriptionId { get; init; }

    /// <summary>The host name: the set's prefix and six base-36 digits in upper case.</summary>
    public required string ComputerName { get; init; }

    /// <summary>What the firmware shows as system UUID.</summary>
    public required string VmId { get; init; }

    public required string Size { get; init; }

    public required Priority Priority { get; init; }

    /// <summary>Empty when the scale set has no zones.</summary>
    public required string Zone { get; init; }

    public required string Address { get; init; }

    /// <summary>What <see cref="Address"/> lies in: <c>10.240.0.0/16</c>.</summary>
    public string Subnet { get; init; } = DefaultSubnet;

    /// <summary>The address that the world outside knows it by; empty when it has none.</summary>
    public string PublicAddress { get; init; } = "";

    /// <summary>Twelve hexadecimal digits without separators.</summary>
    public required string MacAddress { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required int FaultDomain { get; init; }

    public ProvisioningState Provisioning { get; init; } = ProvisioningState.Creating;

    public PowerState Power { get; init; } = PowerState.Starting;

    public bool ProtectedFromScaleIn { get; init; }

    /// <summary>Shielded from actions on the whole set, and from scale-in too.</summary>
    public bool ProtectedFromSetActions { get; init; }

    /// <summary>Why <see cref="Provisioning"/> is failed; else null.</summary>
    public CloudError? Failure { get; init; }

    /// <summary>Which of the set's models it was made from, or last upgraded to; see <see cref="ScaleSet.ModelVersion"/>.</summary>
    public required int ModelVersion { get; init; }

    /// <summary>That model, which a reimage makes its disk from. Frozen: clone before changing.</summary>
    public required JsonObject Model { get; init; }

    /// <summary>The set's tags when it last booted: what its metadata service shows.</summary>
    public ImmutableSortedDictionary<string, string> Tags { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Whether the guest's services are up. Power may run long before, or without, that.</summary>
    public bool GuestUp { get; init; }

    /// <summary>Rises by one with every write to the instance.</summary>
    public long ETag { get; init; } = 1;

    internal const string DefaultSubnet = "10.240.0.0/16";

    public string Id => Number.ToString();

    /// <summary>The entity tag as clients send it back: a number in quotes.</summary>
    public string ETagText => $"\"{ETag}\"";

    /// <summary>The name people see, and the metadata service's <c>compute/name</c>; not the host name.</summary>
    public string Name => Standalone ? Set[1..] : $"{Set}_{Number}";

    public string ResourceId => IdIn(Group);

    /// <summary>What a kubelet on it has as provider id.</summary>
    public string ProviderId => $"azure://{IdIn(Group.ToLowerInvariant())}";

    /// <summary>Whether it counts in the set's capacity.</summary>
    public bool Counts => Provisioning != ProvisioningState.Deleting && !Surplus;

    /// <summary>Since when it is paid for; null while it is not.</summary>
    internal DateTimeOffset? PaidSince { get; init; }

    /// <summary>Rises with every order given to the instance: what was due from an earlier order is then void.</summary>
    internal long Order { get; init; }

    internal bool Evicting { get; init; }

    /// <summary>Started beyond what was asked for, to be dropped when enough others are up.</summary>
    internal bool Surplus { get; init; }

    /// <summary>It stands alone and has found no place yet: there is neither a disk nor anything else of it, only what it is to be.</summary>
    internal bool Unplaced { get; init; }

    /// <summary>It will never leave the state it is in.</summary>
    internal bool Stuck { get; init; }

    /// <summary>Its guest never comes up, however often it is started, until it is reimaged.</summary>
    internal bool Deaf { get; init; }

    private string IdIn(string group) => Standalone
        ? ScaleSet.MachineIdOf(SubscriptionId, group, Name)
        : $"{ScaleSet.ResourceIdOf(SubscriptionId, group, Set)}/virtualMachines/{Number}";

    /// <summary>Six base-36 digits in upper case.</summary>
    internal static string Base36(int number)
    {
        Span<char> digits = stackalloc char[6];
        for (var i = digits.Length - 1; i >= 0; i--)
        {
            digits[i] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[number % 36];
            number /= 36;
        }

        return new string(digits);
    }
}

public enum Priority
{
    Regular,
    Spot,
}

public enum EvictionPolicy
{
    Deallocate,
    Delete,
}

public enum ProvisioningState
{
    Creating,
    Updating,
    Deleting,
    Succeeded,
    Failed,
}

public enum PowerState
{
    Starting,
    Running,
    Stopping,
    Stopped,
    Deallocating,
    Deallocated,
}

/// <summary>Something that whoever runs the machines must know. Raised under the agenda's gate.</summary>
/// <param name="Instance">As it is after the change; as it last was for <see cref="InstanceEvent.Gone"/>.</param>
/// <param name="Notice">Time until the power is cut, for <see cref="InstanceEvent.PreemptNotice"/> and <see cref="InstanceEvent.ShuttingDown"/>.</param>
public sealed record InstanceChange(InstanceEvent Event, Instance Instance, TimeSpan Notice = default);

public enum InstanceEvent
{
    /// <summary>It appears in lists.</summary>
    Created,

    /// <summary>Power is on; the guest begins to boot.</summary>
    PoweredOn,

    /// <summary>The guest's services are up: kubelet or agent may start.</summary>
    Booted,

    /// <summary>A spot machine is about to be taken away.</summary>
    PreemptNotice,

    /// <summary>The guest is told to shut down.</summary>
    ShuttingDown,

    /// <summary>Power is off: whatever ran on it is dead. Not raised for an instance whose power was off already.</summary>
    Stopped,

    /// <summary>Its disk is as new; it boots again afterwards.</summary>
    Reimaged,

    /// <summary>It no longer exists.</summary>
    Gone,
}
