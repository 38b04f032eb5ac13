namespace Ebb.Scheduling;

/// <summary>What a node's pods add up to. Reckoned once for each node, and kept with it until its pods change.</summary>
internal sealed class NodeLoad
{
    private NodeLoad()
    {
    }

    public long CpuMilli { get; private set; }

    public long MemoryBytes { get; private set; }

    public long EphemeralStorageBytes { get; private set; }

    /// <summary>Pods that hold room: all but the finished.</summary>
    public int Pods { get; private set; }

    public Dictionary<string, long>? Extended { get; private set; }

    /// <summary>Pods that are neither finished nor of a DaemonSet nor the kubelet's own: while there are any the node is not idle.</summary>
    public int Work { get; private set; }

    /// <summary>Of the work, what must not be interrupted whatever the circumstances.</summary>
    public int Protected { get; private set; }

    /// <summary>The protected pod that runs the longest; null without one.</summary>
    public Pod? Longest { get; private set; }

    /// <summary>A pod of the work is on its way out.</summary>
    public bool SomeLeaving { get; private set; }

    /// <summary>The work by class.</summary>
    public List<(PodClass Class, int Count)> WorkByClass { get; } = [];

    public List<HostPort>? Ports { get; private set; }

    /// <summary>Of the protected, those that no end of a Job will free the node of.</summary>
    public int Lasting { get; private set; }

    /// <summary>Some of the work is placed with an eye on other pods.</summary>
    public bool LooksAtPods { get; private set; }

    /// <summary>Some pod here asks not to be near others.</summary>
    public bool KeepsApart { get; private set; }

    public HashSet<string>? DaemonSets { get; private set; }

    public static NodeLoad Of(Node node)
    {
        var load = new NodeLoad();
        foreach (var pod in node.Pods)
        {
            if (!pod.Finished)
            {
                load.Add(pod);
            }
        }

        return load;
    }

    private void Add(Pod pod)
    {
        var requests = pod.Class.Requests;
        CpuMilli += requests.CpuMilli;
        MemoryBytes += requests.MemoryBytes;
        EphemeralStorageBytes += requests.EphemeralStorageBytes;
        Pods++;
        foreach (var (name, amount) in requests.Extended)
        {
            Extended ??= [];
            Extended[name] = Extended.GetValueOrDefault(name) + amount;
        }

        if (pod.Class.HostPorts.Length > 0)
        {
            (Ports ??= []).AddRange(pod.Class.HostPorts);
        }

        KeepsApart |= pod.Class.AntiAffinity.Length > 0;
        if (pod.Owner is { Kind: "DaemonSet", Uid: var set })
        {
            (DaemonSets ??= []).Add(set);
        }

        if (!pod.IsWork)
        {
            return;
        }

        Work++;
        SomeLeaving |= pod.Leaving;
        LooksAtPods |= pod.Class.LooksAtPods;
        Count(pod.Class);
        if (pod.IsProtected)
        {
            Protected++;
            Lasting += pod.Owner?.Kind == "Job" ? 0 : 1;
            if (Longest is null || (pod.StartedAt ?? DateTimeOffset.MaxValue) < (Longest.StartedAt ?? DateTimeOffset.MaxValue))
            {
                Longest = pod;
            }
        }
    }

    private void Count(PodClass kind)
    {
        // A node has few classes of pods; a list is faster than a dictionary and smaller.
        for (var i = 0; i < WorkByClass.Count; i++)
        {
            if (ReferenceEquals(WorkByClass[i].Class, kind))
            {
                WorkByClass[i] = (kind, WorkByClass[i].Count + 1);
                return;
            }
        }

        WorkByClass.Add((kind, 1));
    }
}
