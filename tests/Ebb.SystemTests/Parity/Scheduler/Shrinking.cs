using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>Makes of a case that shows a disagreement the smallest one that still does.</summary>
/// <param name="shows">Puts a case to all three and tells what they disagree about; null when they agree or when the case is not valid.</param>
internal sealed class Shrinking(Func<SchedulerCase, Task<string?>> shows)
{
    // Each try is a run of its own of about a tenth of a second.
    private const int MostTries = 600;

    private int _tries;

    /// <summary>One waiting pod, with the others where the real scheduler had put them: the choice among equal nodes is by chance.</summary>
    public static SchedulerCase Frozen(SchedulerCase of, Decision decision) => of with
    {
        Volumes = [.. decision.Moment.Volumes.Select(Bare)],
        Claims = [.. decision.Moment.Claims.Select(Bare)],
        Nodes = [.. decision.Moment.Nodes.Select(Bare)],
        Placed = [.. decision.Moment.Pods.Select(Bare)],
        Waiting = [Bare(decision.Moment.Pod)],
    };

    public async Task<SchedulerCase> SmallestAsync(SchedulerCase shown)
    {
        for (var before = -1; before != _tries && _tries < MostTries;)
        {
            before = _tries;
            shown = await WithoutPartsAsync(shown, c => c.Placed, (c, left) => c with { Placed = left });
            shown = await WithoutPartsAsync(shown, c => c.Nodes, WithNodes);
            shown = await WithoutPartsAsync(shown, c => c.Claims, (c, left) => c with { Claims = left });
            shown = await WithoutPartsAsync(shown, c => c.Volumes, (c, left) => c with { Volumes = left });
            var size = shown.ToString().Length;
            shown = await WithoutMembersAsync(shown, c => c.Waiting, (c, left) => c with { Waiting = left });
            shown = await WithoutMembersAsync(shown, c => c.Placed, (c, left) => c with { Placed = left });
            shown = await WithoutMembersAsync(shown, c => c.Nodes, (c, left) => c with { Nodes = left });
            if (shown.ToString().Length == size)
            {
                break;
            }
        }

        return shown;
    }

    private static SchedulerCase WithNodes(SchedulerCase of, ImmutableArray<JsonObject> nodes)
    {
        var names = nodes.Select(node => (string)node["metadata"]!["name"]!).ToHashSet();
        return of with { Nodes = nodes, Placed = [.. of.Placed.Where(pod => names.Contains((string)pod["spec"]!["nodeName"]!))] };
    }

    /// <summary>Without what only the server gives, and what a later server would give again.</summary>
    private static JsonObject Bare(JsonObject from)
    {
        var bare = from.DeepClone().AsObject();
        var metadata = bare["metadata"]!.AsObject();
        foreach (var name in new[] { "uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink", "generation" })
        {
            metadata.Remove(name);
        }

        metadata["labels"]?.AsObject().Remove(RealScheduler.CaseLabel);
        bare["spec"]?["claimRef"]?.AsObject().Remove("uid");
        bare["spec"]?.AsObject().Remove("priority");
        bare["spec"]?.AsObject().Remove("preemptionPolicy");
        return bare;
    }

    private async Task<SchedulerCase> WithoutPartsAsync(
        SchedulerCase shown,
        Func<SchedulerCase, ImmutableArray<JsonObject>> parts,
        Func<SchedulerCase, ImmutableArray<JsonObject>, SchedulerCase> with)
    {
        for (var i = parts(shown).Length - 1; i >= 0 && _tries < MostTries; i--)
        {
            if (i < parts(shown).Length && await StillAsync(with(shown, parts(shown).RemoveAt(i))) is { } smaller)
            {
                shown = smaller;
            }
        }

        return shown;
    }

    private async Task<SchedulerCase> WithoutMembersAsync(
        SchedulerCase shown,
        Func<SchedulerCase, ImmutableArray<JsonObject>> parts,
        Func<SchedulerCase, ImmutableArray<JsonObject>, SchedulerCase> with)
    {
        for (var i = 0; i < parts(shown).Length; i++)
        {
            // The deeper a member the later its turn: with the parent gone there is nothing to try beneath.
            foreach (var path in Members(parts(shown)[i]).Where(IsSpare).OrderBy(path => path.Count).ToList())
            {
                var smaller = parts(shown)[i].DeepClone().AsObject();
                if (_tries < MostTries && Remove(smaller, path)
                    && await StillAsync(with(shown, parts(shown).SetItem(i, smaller))) is { } still)
                {
                    shown = still;
                }
            }
        }

        return shown;
    }

    /// <summary>By its name and namespace an object is found again, a placed pod is one by its node, one without grace is gone when it is preempted, and Ebb looks at ready nodes only.</summary>
    private static bool IsSpare(ImmutableList<object> path) =>
        path is ["metadata", "labels", _, ..] or [not "metadata", ..] and not ["spec"] and not ["spec", "nodeName" or "terminationGracePeriodSeconds"] and not ["status"]
        and not ["status", "conditions", ..];

    private async Task<SchedulerCase?> StillAsync(SchedulerCase smaller)
    {
        // Of no nodes at all the scheduler says something else.
        _tries++;
        return smaller.Nodes.IsEmpty || await shows(smaller) is null ? null : smaller;
    }

    private static IEnumerable<ImmutableList<object>> Members(JsonNode? node) => node switch
    {
        JsonObject json => json.SelectMany(member =>
            Members(member.Value).Select(path => path.Insert(0, member.Key)).Append([member.Key])),
        JsonArray array => Enumerable.Range(0, array.Count).Reverse().SelectMany(i =>
            Members(array[i]).Select(path => path.Insert(0, i)).Append([i])),
        _ => [],
    };

    private static bool Remove(JsonNode from, ImmutableList<object> path)
    {
        JsonNode? at = from;
        foreach (var step in path.RemoveAt(path.Count - 1))
        {
            at = Step(at, step);
        }

        return (at, path[^1]) switch
        {
            (JsonObject json, string name) => json.Remove(name),
            (JsonArray array, int i) when i < array.Count => RemoveAt(array, i),
            _ => false,
        };
    }

    private static JsonNode? Step(JsonNode? at, object step) => (at, step) switch
    {
        (JsonObject json, string name) => json[name],
        (JsonArray array, int i) when i < array.Count => array[i],
        _ => null,
    };

    private static bool RemoveAt(JsonArray array, int i)
    {
        array.RemoveAt(i);
        return true;
    }
}
