using System.Text;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>
/// Pods of a namespace that a spread constraint speaks of. One instance for all constraints alike, so that every node can
/// keep its count up to date: the ten thousand pods of a Deployment all ask for the same.
/// </summary>
internal sealed class PodCount(string ns, Selector selector)
{
    public bool Includes(PodView pod) => !pod.Terminating && pod.Namespace == ns && selector.Matches(pod.Labels);
}

/// <summary>The counts that pods of late have asked for.</summary>
internal sealed class PodCounts
{
    // Far more than the workloads that are being placed at a time.
    private const int Most = 256;

    private readonly Dictionary<string, PodCount> _known = new(StringComparer.Ordinal);

    /// <summary>Null for no selector, which counts none.</summary>
    public PodCount? Of(string ns, Selector? selector)
    {
        if (selector is null)
        {
            return null;
        }

        var key = Key(ns, selector);
        if (!_known.TryGetValue(key, out var count))
        {
            if (_known.Count == Most)
            {
                _known.Clear();
            }

            _known[key] = count = new PodCount(ns, selector);
        }

        return count;
    }

    // Neither names nor label values contain the signs between them.
    private static string Key(string ns, Selector selector)
    {
        var key = new StringBuilder(ns);
        foreach (var requirement in selector.Requirements)
        {
            key.Append(';').Append(requirement.Key).Append(' ').Append(requirement.Operator).Append(' ').AppendJoin(',', requirement.Values);
        }

        return key.ToString();
    }
}
