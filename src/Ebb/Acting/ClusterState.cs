using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;

namespace Ebb.Acting;

/// <summary>What the cluster shows, kept up to date in place by watch events; hands out immutable pictures.</summary>
public sealed class ClusterState : IClusterSink
{
    /// <summary>Something that a plan may depend on has changed. Raised on the watch's thread; not to block.</summary>
    public event Action? Changed;

    /// <summary>The first list of every kind is in.</summary>
    public bool Synced { get; }

    public Snapshot Snapshot(DateTimeOffset now, CloudView cloud, ImmutableDictionary<string, string> notes) => throw new NotSupportedException();

    public void Replace<T>(IReadOnlyCollection<T> all)
        where T : V1Object => Changed?.Invoke();

    public void Upsert<T>(T changed)
        where T : V1Object => Changed?.Invoke();

    public void Remove<T>(T last)
        where T : V1Object => Changed?.Invoke();
}
