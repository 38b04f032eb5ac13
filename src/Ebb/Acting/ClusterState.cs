using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;

namespace Ebb.Acting;

/// <summary>What the cluster shows, kept up to date in place by watch events; hands out immutable pictures.</summary>
public sealed class ClusterState : IClusterSink
{
    /// <summary>The first list of every kind is in.</summary>
    public bool Synced { get; }

    /// <summary>Changes whenever something that the planner looks at has; heartbeats leave it alone.</summary>
    public long Version { get; private set; }

    public Snapshot Take(
        DateTimeOffset now,
        CloudView cloud,
        ImmutableDictionary<string, string> notes,
        ImmutableHashSet<string>? departing = null) => throw new NotSupportedException();

    public void Replace<T>(IReadOnlyCollection<T> all)
        where T : V1Object => Version++;

    public void Upsert<T>(T changed)
        where T : V1Object => Version++;

    public void Remove<T>(T last)
        where T : V1Object => Version++;
}
