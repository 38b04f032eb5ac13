namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>Why nodes were refused, counted, in the words of the real scheduler.</summary>
internal sealed class Reasons
{
    public const string Unschedulable = "node(s) were unschedulable";
    public const string WrongName = "node(s) didn't match the requested node name";
    public const string Taint = "node(s) had untolerated taint(s)";
    public const string Affinity = "node(s) didn't match Pod's node affinity/selector";
    public const string Ports = "node(s) didn't have free ports for the requested pod ports";
    public const string TooManyPods = "Too many pods";
    public const string Spread = "node(s) didn't match pod topology spread constraints";
    public const string SpreadLabel = "node(s) didn't match pod topology spread constraints (missing required label)";
    public const string Near = "node(s) didn't match pod affinity rules";
    public const string Apart = "node(s) didn't match pod anti-affinity rules";
    public const string ApartOfOthers = "node(s) didn't satisfy existing pods anti-affinity rules";
    public const string VolumeNode = "node(s) didn't match PersistentVolume's node affinity";
    public const string VolumeZone = "node(s) had no available volume zone";
    public const string VolumeTopology = "node(s) didn't find available persistent volumes to bind";
    public const string UnboundClaim = "pod has unbound immediate PersistentVolumeClaims";
    public const string NotHelpful = "Preemption is not helpful for scheduling";
    public const string NoVictims = "No preemption victims found for incoming pod";

    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    public void Add(string reason, int count = 1) => _counts[reason] = _counts.GetValueOrDefault(reason) + count;

    /// <summary>"0/5 nodes are available: 2 Insufficient cpu, 3 node(s) were unschedulable."</summary>
    public string Message(int nodes)
    {
        var counted = _counts.Select(count => $"{count.Value} {count.Key}").Order(StringComparer.Ordinal);
        return _counts.Count == 0
            ? $"0/{nodes} nodes are available."
            : $"0/{nodes} nodes are available: {string.Join(", ", counted)}.";
    }

    public static string ForAll(int nodes, string why) => $"0/{nodes} nodes are available: {why}.";
}

/// <summary>What a node answered.</summary>
internal enum Verdict
{
    Fits,

    /// <summary>It might, with fewer pods on it.</summary>
    Full,

    /// <summary>No, whatever leaves it.</summary>
    Never,
}
