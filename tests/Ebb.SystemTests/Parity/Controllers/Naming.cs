using System.Text;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>
/// Names without randomness: a Deployment's ReplicaSets are numbered in the order of their coming (web-#1, web-#2), revisions
/// likewise, and the pods of a ReplicaSet or a Job are told apart only by whose they are (web-#1/*): which of several equal
/// pods goes first is up to chance on either side.
/// </summary>
internal sealed class Naming(string ns)
{
    private readonly Dictionary<string, string> _byUid = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _ages = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

    // Longest first, so that a name goes before the hash that it ends with.
    private readonly SortedDictionary<string, string> _tokens = new(Comparer<string>.Create((a, b) =>
        a.Length != b.Length ? b.Length - a.Length : string.CompareOrdinal(a, b)));

    /// <summary>Its controller, by whose name it is called, has been seen; the watches of two kinds know nothing of each other.</summary>
    public bool CanName(JsonObject item) => _byUid.ContainsKey((string)item["metadata"]!["uid"]!)
        || (item["metadata"]!["ownerReferences"]?.AsArray() ?? []).All(o => (bool?)o!["controller"] != true || _byUid.ContainsKey((string)o["uid"]!));

    public void Learn(JsonObject item)
    {
        var metadata = item["metadata"]!;
        var uid = (string)metadata["uid"]!;
        if (_byUid.ContainsKey(uid))
        {
            return;
        }

        _ages[uid] = _ages.Count;
        var kind = (string)item["kind"]!;
        var name = (string)metadata["name"]!;
        var owner = metadata["ownerReferences"]?.AsArray().FirstOrDefault(o => (bool?)o!["controller"] == true);
        var ownerUid = (string?)owner?["uid"] ?? "";
        var ownerName = _byUid.GetValueOrDefault(ownerUid, (string?)owner?["name"] ?? "");
        var called = (kind, (string?)owner?["kind"]) switch
        {
            ("ReplicaSet", "Deployment") => Numbered(ownerName, "#", name, (string?)metadata["labels"]?["pod-template-hash"]),
            ("ControllerRevision", not null) => Numbered(ownerName, "r", name, name[(name.LastIndexOf('-') + 1)..]),
            ("Pod", "ReplicaSet" or "ReplicationController" or "Job") => ownerName + "/*",
            ("Pod", "DaemonSet") => $"{ownerName}/{NodeName(Pods.TargetOf(item))}",
            ("Node", _) => NodeName(name),
            _ => name,
        };
        _byUid[uid] = called;
        _byName[$"{kind} {name}"] = called;
        _tokens[uid] = $"uid of {kind} {called}";
        if (called.EndsWith("/*", StringComparison.Ordinal))
        {
            _tokens[name] = called;
        }
    }

    public string Of(JsonObject item) => OfUid((string)item["metadata"]!["uid"]!);

    public string OfUid(string uid) => _byUid.GetValueOrDefault(uid, "?");

    public string OfName(string kind, string name) => _byName.GetValueOrDefault($"{kind} {name}", name);

    /// <summary>How many objects came before it.</summary>
    public int AgeOf(JsonObject item) => _ages.GetValueOrDefault((string)item["metadata"]!["uid"]!);

    public string NodeName(string node) => node.StartsWith(ns + "-", StringComparison.Ordinal) ? node[(ns.Length + 1)..] : "shared";

    public string Replace(string text)
    {
        var replaced = new StringBuilder(text);
        foreach (var (token, called) in _tokens)
        {
            replaced.Replace(token, called);
        }

        return replaced.Replace(ns + "-", "").ToString();
    }

    private string Numbered(string owner, string mark, string name, string? hash)
    {
        var number = _numbers[owner + mark] = _numbers.GetValueOrDefault(owner + mark) + 1;
        var called = $"{owner}-{mark}{number}";
        _tokens[name] = called;
        if (!string.IsNullOrEmpty(hash))
        {
            _tokens[hash] = $"hash-{mark}{number}";
        }

        return called;
    }
}
