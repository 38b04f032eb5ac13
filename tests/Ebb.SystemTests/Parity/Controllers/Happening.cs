using System.Globalization;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>
/// Something that a controller did. Controllers work side by side, so order counts only within a track: what became of the
/// objects of one kind and one owner.
/// </summary>
internal sealed record Happening(string Track, string What, ulong Version)
{
    public static Happening? Of(string type, JsonObject? before, JsonObject item, Naming naming)
    {
        var metadata = item["metadata"]!;
        var kind = (string)item["kind"]!;
        var owner = metadata["ownerReferences"]?.AsArray().FirstOrDefault(o => (bool?)o!["controller"] == true);
        var name = naming.Of(item);
        if (Projection.IsOfNoMatter(kind, name))
        {
            return null;
        }

        var what = type switch
        {
            "ADDED" => "created",
            "DELETED" => "gone",
            _ => Change(kind, before, item),
        };
        return what is null
            ? null
            : new Happening(
                TrackOf(kind, name, owner, what, naming),
                $"{kind} {name}: {what}",
                ulong.Parse((string)metadata["resourceVersion"]!, CultureInfo.InvariantCulture));
    }

    private static string TrackOf(string kind, string name, JsonNode? owner, string what, Naming naming)
    {
        // What happens on one node does not wait for another, and when a pod without a name of its own is gone is the
        // kubelet's doing, for which no controller waits.
        var apart = kind != "Pod" || !name.Contains('/', StringComparison.Ordinal) ? ""
            : !name.EndsWith("/*", StringComparison.Ordinal) ? " " + name
            : what == "gone" ? " gone" : "";
        return $"{kind} of {(owner is null ? "nobody" : naming.OfUid((string)owner["uid"]!))}{apart}";
    }

    /// <summary>The same thing several times over becomes one line; so do several that took turns without a rule.</summary>
    public static IEnumerable<string> Collapse(IEnumerable<Happening> track)
    {
        var runs = new List<List<string>>();
        var verb = "";
        foreach (var happening in track)
        {
            var own = happening.What[(happening.What.IndexOf(": ", StringComparison.Ordinal) + 2)..];

            // Numbered pods have an order that matters; those that are all alike have not, nor have changes of owner.
            var key = happening.What.Contains('/', StringComparison.Ordinal) || own is "adopted" or "disowned" ? own.Split(' ')[0] : happening.What;
            if (runs.Count == 0 || key != verb)
            {
                runs.Add([]);
            }

            verb = key;
            runs[^1].Add(happening.What);
        }

        return runs.SelectMany(run => run
            .CountBy(what => what)
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => pair.Value == 1 ? pair.Key : $"{pair.Key} ({pair.Value} times)"));
    }

    private static string? Change(string kind, JsonObject? before, JsonObject item)
    {
        if (before is null)
        {
            return null;
        }

        if (before["metadata"]!["deletionTimestamp"] is null && item["metadata"]!["deletionTimestamp"] is not null)
        {
            // A pod that is not given any time may go at once, or be marked first and go then.
            return kind != "Pod" ? "deleted"
                : (long?)item["metadata"]!["deletionGracePeriodSeconds"] == 0 ? null
                : $"deleted while {Pods.StateOf(before)}";
        }

        var (from, to) = (before["spec"]?["replicas"]?.ToJsonString(), item["spec"]?["replicas"]?.ToJsonString());
        if (kind == "ReplicaSet" && from != to)
        {
            return $"scaled from {from} to {to}";
        }

        var owners = item["metadata"]!["ownerReferences"]?.AsArray().Count ?? 0;
        var owned = before["metadata"]!["ownerReferences"]?.AsArray().Count ?? 0;
        return owners == owned ? null : owners < owned ? "disowned" : "adopted";
    }
}
