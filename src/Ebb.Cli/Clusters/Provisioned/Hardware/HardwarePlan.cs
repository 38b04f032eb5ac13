using System.Collections.Immutable;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned.Hardware;

/// <summary>What is done about machines of the control plane one after the other, and by no deployment.</summary>
internal sealed record HardwarePlan
{
    /// <summary>Those that are there, whether or not the file asks for them, in the order of their numbers.</summary>
    public required ImmutableArray<VirtualMachine> Machines { get; init; }

    /// <summary>Those that leave first, the highest number first; then the others in their order.</summary>
    public required ImmutableArray<HardwareChange> Steps { get; init; }

    /// <summary>Names of those that could not be made and hold nothing: deleted before the deployment, which makes them.</summary>
    public ImmutableArray<string> NeverMade { get; init; } = [];

    /// <summary>What a person should know besides: how long the API is away, and in which order it goes.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>The file asks for fewer than there are.</summary>
    public IEnumerable<HardwareChange> Leaving => Steps.Where(step => step.Work is HardwareWork.Leave);

    /// <summary>Nothing runs on them: they come first, and nothing is waited for before.</summary>
    public IEnumerable<HardwareChange> WithoutPower => Steps.Where(step => step.Work is not HardwareWork.Leave && step.WithoutPower);

    public IEnumerable<HardwareChange> Running => Steps.Where(step => step.Work is not HardwareWork.Leave && !step.WithoutPower);
}

/// <param name="Machine">Its name, and its node's.</param>
internal sealed record HardwareChange(string Machine, HardwareWork Work)
{
    /// <summary>That it is to have.</summary>
    public string Size { get; init; } = "";

    /// <summary>That its system disk is to have; null where that stays.</summary>
    public int? DiskGiB { get; init; }

    /// <summary>Its network card is accelerated, which does not go with the size: that is switched off before.</summary>
    public bool PlainCard { get; init; }

    /// <summary>Somebody has stopped it, or an earlier run was cut short before it was started again.</summary>
    public bool WithoutPower { get; init; }
}

internal enum HardwareWork
{
    /// <summary>It is started, and nothing else.</summary>
    Start,

    /// <summary>Another size on the hardware that it stands on: it restarts.</summary>
    Resize,

    /// <summary>Stopped, given what only a machine without hardware can be given, started.</summary>
    Rebuild,

    /// <summary>Deleted, and made anew as a new member of the store under its name.</summary>
    Replace,

    /// <summary>Taken out of the store, then deleted.</summary>
    Leave,
}
