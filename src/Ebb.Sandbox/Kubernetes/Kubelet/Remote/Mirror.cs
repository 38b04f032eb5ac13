using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Remote;

/// <summary>The objects of one kind as an API server has shown them, and what is told of each change.</summary>
/// <param name="told">Called under the gate with the object as it is now, or as it was last, and whether it is gone.</param>
internal sealed class Mirror(Agenda agenda, Action<KubeObject, bool> told)
{
    private readonly Dictionary<(string Namespace, string Name), KubeObject> _all = [];

    /// <summary>Under the gate.</summary>
    public IEnumerable<KubeObject> All => _all.Values;

    /// <summary>Under the gate.</summary>
    public KubeObject? Find(string ns, string name) => _all.GetValueOrDefault((ns, name));

    /// <summary>What is not among these is gone.</summary>
    public void Replace(IReadOnlyCollection<KubeObject> all)
    {
        lock (agenda.Gate)
        {
            var uids = all.Select(one => one.Uid).ToHashSet(StringComparer.Ordinal);
            foreach (var gone in _all.Values.Where(one => !uids.Contains(one.Uid)).ToList())
            {
                _all.Remove((gone.Namespace, gone.Name));
                told(gone, true);
            }
        }

        foreach (var one in all)
        {
            See(one, gone: false);
        }
    }

    public void See(KubeObject one, bool gone)
    {
        lock (agenda.Gate)
        {
            var key = (one.Namespace, one.Name);
            if (gone)
            {
                _all.Remove(key);
            }
            else
            {
                _all[key] = one;
            }

            told(one, gone);
        }
    }
}
