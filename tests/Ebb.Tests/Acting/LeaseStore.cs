using Ebb.Acting;
using Ebb.Kubernetes.Objects;

namespace Ebb.Tests.Acting;

/// <summary>One Lease, as an API server keeps it; and ways to be cut off from it.</summary>
internal sealed class LeaseStore
{
    private int _version = 1;

    public V1Lease? Lease { get; set; }

    /// <summary>Who gets no answer at all.</summary>
    public HashSet<string> CutOff { get; } = [];

    /// <summary>The next write takes effect, and its answer is lost.</summary>
    public bool LoseNextAnswer { get; set; }

    public IKubernetes As(string who) => new Client(this, who);

    private sealed class Client(LeaseStore store, string who) : IKubernetes
    {
        public async Task<V1Lease?> LeaseAsync(CancellationToken ct)
        {
            await BeReachableAsync(ct);
            return store.Lease;
        }

        public async Task<bool> PutLeaseAsync(V1Lease lease, CancellationToken ct)
        {
            await BeReachableAsync(ct);
            if (lease.Metadata.ResourceVersion != store.Lease?.Metadata.ResourceVersion)
            {
                return false;
            }

            store.Lease = lease with { Metadata = lease.Metadata with { ResourceVersion = (++store._version).ToString() } };
            if (store.LoseNextAnswer)
            {
                store.LoseNextAnswer = false;
                throw new IOException("the connection broke");
            }

            return true;
        }

        public IKubernetes Within(Leadership term) => throw new NotSupportedException();

        public Task WatchAsync(IClusterSink into, CancellationToken ct) => throw new NotSupportedException();

        public Task<IReadOnlyList<V1Pod>> PodsOnAsync(string node, CancellationToken ct) => throw new NotSupportedException();

        public Task<V1Node?> NodeAsync(string node, CancellationToken ct) => throw new NotSupportedException();

        public Task<ChangeResult> ChangeNodeAsync(string node, NodeChange change, CancellationToken ct) => throw new NotSupportedException();

        public Task DeleteNodeAsync(string node, string uid, CancellationToken ct) => throw new NotSupportedException();

        public Task<EvictResult> EvictAsync(string ns, string pod, string uid, CancellationToken ct) => throw new NotSupportedException();

        public Task TellAsync(V1ObjectReference about, bool warning, string reason, string message, CancellationToken ct) =>
            throw new NotSupportedException();

        public Task<IReadOnlyDictionary<string, string>> RecallAsync(CancellationToken ct) => throw new NotSupportedException();

        public Task RememberAsync(IReadOnlyDictionary<string, string?> notes, CancellationToken ct) => throw new NotSupportedException();

        private async Task BeReachableAsync(CancellationToken ct)
        {
            if (store.CutOff.Contains(who))
            {
                await new TaskCompletionSource().Task.WaitAsync(ct);
            }
        }
    }
}
