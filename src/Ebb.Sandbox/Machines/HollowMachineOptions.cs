namespace Ebb.Sandbox.Machines;

/// <summary>How hollow machines join the cloud to the cluster.</summary>
public sealed record HollowMachineOptions
{
    /// <summary>
    /// A cloud controller manager is at work: Node objects of machines that are gone are deleted. Default off: where none
    /// runs, someone else has to.
    /// </summary>
    public bool DeleteNodesOfGoneMachines { get; init; }

    /// <summary>How long that takes to notice.</summary>
    public TimeSpan NoticeGoneAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Tells the cloud how busy its machines are: what running pods request of their CPUs. Default on.</summary>
    public bool MeasureCpu { get; init; } = true;
}
