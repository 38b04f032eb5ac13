using Ebb.Kubernetes.Objects;

namespace Ebb.Simulation.Kubernetes;

/// <summary>
/// The leader's Lease, with its versions. Apart from the world's store: it is renewed every two seconds for hours, and written
/// there it would cost more than all that a simulation is about.
/// </summary>
public sealed class LeaseShelf
{
    private long _version;

    public V1Lease? Lease { get; private set; }

    /// <summary>False when it is no longer at the resource version that <paramref name="lease"/> carries.</summary>
    public bool Put(V1Lease lease)
    {
        if (Lease?.Metadata.ResourceVersion != lease.Metadata.ResourceVersion)
        {
            return false;
        }

        Lease = lease with { Metadata = lease.Metadata with { ResourceVersion = $"{++_version}" } };
        return true;
    }
}
