using System.Collections.Immutable;
using Ebb.Clouds;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Ebb.Scheduling;
namespace Ebb.Acting;
public sealed class ClusterState : IClusterSink
{
    public event Action? Changed;
    public bool Synced { get; }
    public IReadOnlyList<Node> Nodes { get; } = [];
    public Snapshot Snapshot(DateTimeOffset now, CloudView cloud, ImmutableDictionary<string, string> notes) => throw new NotSupportedException();
    public void Replace<T>(IReadOnlyCollection<T> all) where T : V1Object => Changed?.Invoke();
    public void Upsert<T>(T changed) where T : V1Object { }
    public void Remove<T>(T last) where T : V1Object { }
}
