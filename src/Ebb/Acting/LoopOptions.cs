namespace Ebb.Acting;

/// <summary>How often the loop looks; the defaults suit every cluster known to us.</summary>
public sealed record LoopOptions
{
    /// <summary>A burst of events is over when nothing came for so long. Default 200 ms.</summary>
    public TimeSpan Quiet { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>A burst that does not end is looked at after so long all the same. Default 0.5 s.</summary>
    public TimeSpan LongestBurst { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>While pods keep coming the cloud is not asked for machines, but no longer than this. Default 15 s.</summary>
    public TimeSpan GatherAtMost { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often the cloud is read while nothing moves there. Default 60 s.</summary>
    public TimeSpan ReadCloudEvery { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How often the cloud is read while machines come or go. Default 30 s: that a machine has joined shows in Kubernetes,
    /// and that one failed is told by <see cref="Clouds.ICloud.ChangedAsync"/>.
    /// </summary>
    public TimeSpan ReadCloudInMotionEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The least time between two reads of the cloud, whatever happens. Default 1 s.</summary>
    public TimeSpan ReadCloudAtMostEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Machines are only removed on a read of the cloud no older than this. Default 15 s.</summary>
    public TimeSpan RemoveOnReadsUpTo { get; init; } = TimeSpan.FromSeconds(15);

    public IEnumerable<string> Problems()
    {
        if (Quiet < TimeSpan.Zero || LongestBurst < Quiet)
        {
            yield return $"quiet is {Quiet} and longestBurst {LongestBurst}; quiet must be from 0 up to longestBurst.";
        }

        if (GatherAtMost < TimeSpan.Zero)
        {
            yield return $"gatherAtMost is {GatherAtMost}; it must not be negative.";
        }

        if (ReadCloudAtMostEvery <= TimeSpan.Zero || ReadCloudInMotionEvery < ReadCloudAtMostEvery || ReadCloudEvery < ReadCloudInMotionEvery)
        {
            yield return $"readCloudEvery is {ReadCloudEvery}, in motion {ReadCloudInMotionEvery}, at most {ReadCloudAtMostEvery}; they must not grow in this order.";
        }
    }
}
