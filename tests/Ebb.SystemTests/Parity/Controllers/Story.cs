using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>
/// All that happened in one namespace of one side, as its watches tell it: the objects as they are, and in order what
/// became of them. Times, uids and random names are left out, so that two stories can be compared.
/// </summary>
internal sealed class Story(string ns)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);
    private readonly List<Happening> _log = [];
    private readonly List<(string Type, JsonObject Item)> _waiting = [];
    private readonly List<JsonObject> _toldOf = [];
    private readonly Naming _naming = new(ns);
    private (long Changes, string Text) _rendered = (-1, "");
    private long _changes;

    /// <summary>When something last changed, by <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long LastChange { get; private set; } = TimeProvider.System.GetTimestamp();

    /// <summary>False where the real controllers themselves race.</summary>
    public bool InOrder { get; set; } = true;

    /// <summary>Forgets the log so far: what follows belongs to the next step.</summary>
    public void BeginStep()
    {
        lock (_gate)
        {
            _log.Clear();
            _changes++;
        }
    }

    public void See(string type, JsonObject item)
    {
        lock (_gate)
        {
            Changed();
            _waiting.Add((type, item));
            int next;
            while ((next = _waiting.FindIndex(waiting => _naming.CanName(waiting.Item))) >= 0)
            {
                var (readyType, ready) = _waiting[next];
                _waiting.RemoveAt(next);
                Take(readyType, ready);
            }
        }
    }

    /// <summary>Everything as text: the log of this step, then the state.</summary>
    public string Render(bool withEvents)
    {
        lock (_gate)
        {
            var changes = withEvents ? -1 : _changes;
            if (_rendered.Changes == changes && changes >= 0)
            {
                return _rendered.Text;
            }

            var lines = new List<string>();
            foreach (var track in _log.OrderBy(h => h.Version).GroupBy(h => h.Track).OrderBy(t => t.Key, StringComparer.Ordinal))
            {
                lines.AddRange(InOrder ? Happening.Collapse(track) : track.Select(happening => happening.What).Order(StringComparer.Ordinal));
            }

            lines.Add("then");
            lines.AddRange(Counted(_objects.Values
                .Select(item => (Item: item, Line: Projection.Of(item, _naming)))
                .Where(pair => pair.Line is not null)
                .Select(pair => _naming.Replace(pair.Line!))));
            if (withEvents)
            {
                lines.Add("told");
                lines.AddRange(_toldOf.Select(Told).OfType<string>().Select(_naming.Replace).Distinct().Order(StringComparer.Ordinal));
            }

            var text = string.Join('\n', lines);
            _rendered = (changes, text);
            return text;
        }
    }

    /// <summary>Something is still under way that no event announces: a pod that awaits its node, a spec not looked at yet.</summary>
    public bool IsBusy()
    {
        lock (_gate)
        {
            return _objects.Values.Any(item => (string)item["kind"]! switch
            {
                "Pod" => Pods.AwaitsScheduler(item),
                "Deployment" or "ReplicaSet" or "StatefulSet" or "DaemonSet" =>
                    item["metadata"]!["deletionTimestamp"] is null
                    && (long?)item["status"]?["observedGeneration"] != (long?)item["metadata"]!["generation"],
                _ => false,
            });
        }
    }

    /// <summary>Pods by their name without randomness, oldest first.</summary>
    public List<JsonObject> PodsCalled(string name)
    {
        lock (_gate)
        {
            return
            [
                .. _objects.Values
                    .Where(item => (string)item["kind"]! == "Pod" && _naming.Of(item) == name)
                    .OrderBy(item => (string)item["metadata"]!["creationTimestamp"]!, StringComparer.Ordinal)
                    .ThenBy(item => _naming.AgeOf(item)),
            ];
        }
    }

    public string NameOf(string kind, string name)
    {
        lock (_gate)
        {
            return _objects.Values.FirstOrDefault(item => (string)item["kind"]! == kind && _naming.Of(item) == name) is { } item
                ? (string)item["metadata"]!["name"]!
                : name;
        }
    }

    private void Take(string type, JsonObject item)
    {
        if ((string)item["kind"]! == "Event")
        {
            _toldOf.Add(item);
            return;
        }

        var uid = (string)item["metadata"]!["uid"]!;
        _naming.Learn(item);
        if (Happening.Of(type, _objects.GetValueOrDefault(uid), item, _naming) is { } line)
        {
            _log.Add(line);
        }

        if (type == "DELETED")
        {
            _objects.Remove(uid);
        }
        else
        {
            _objects[uid] = item;
        }
    }

    public string UidOf(string kind, string name)
    {
        lock (_gate)
        {
            return (string)_objects.Values.Single(item => (string)item["kind"]! == kind && _naming.Of(item) == name)["metadata"]!["uid"]!;
        }
    }

    /// <summary>Only what controllers say: the scheduler's words are held against the real one's elsewhere, kubelets are played.</summary>
    private string? Told(JsonObject item)
    {
        var source = (string?)item["source"]?["component"] ?? "";
        var (reason, about) = ((string?)item["reason"] ?? "", item["involvedObject"]!);

        // A write refused because the real one's cache was behind is tried again, and nothing comes of it.
        if (!source.EndsWith("-controller", StringComparison.Ordinal) || reason is "ProvisioningFailed" or "FailedCreate")
        {
            return null;
        }

        var uid = (string?)about["uid"] ?? "";
        var name = uid.Length > 0 ? _naming.OfUid(uid) : _naming.OfName((string)about["kind"]!, (string)about["name"]!);

        // From a tainted node, a DaemonSet's pod is sent away by two controllers, and the first speaks.
        var either = (string?)about["kind"] == "DaemonSet" ? "SuccessfulDelete" : "TaintManagerEviction";
        return reason == either && (either == "SuccessfulDelete" || name.Contains('/', StringComparison.Ordinal))
            ? null
            : $"{about["kind"]} {name}: {item["type"]} {reason}";
    }

    private void Changed()
    {
        _changes++;
        LastChange = TimeProvider.System.GetTimestamp();
    }

    private static IEnumerable<string> Counted(IEnumerable<string> lines) => lines
        .CountBy(line => line)
        .OrderBy(pair => pair.Key, StringComparer.Ordinal)
        .Select(pair => pair.Value == 1 ? pair.Key : $"{pair.Value} x {pair.Key}");
}
