using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Lists: selection, and pages that all show the state of the first one.</summary>
internal sealed class Lists(ObjectStore store, Rendering rendering)
{
    // What a page's successor may still be asked for; beyond that its token has expired, as after a compaction.
    private const int MostSnapshots = 64;
    private static readonly TimeSpan SnapshotAge = TimeSpan.FromMinutes(10);

    private readonly LinkedList<Snapshot> _snapshots = new();
    private int _tokens;

    public ApiResponse Answer(Call call, Form form)
    {
        var (items, metadata) = Page(call);
        return new ApiResponse(200, rendering.List(call, items, metadata, form)) { Warnings = call.Warnings };
    }

    /// <summary>All that the call selects, now.</summary>
    public IReadOnlyList<KubeObject> Select(Call call) => Select(call, null);

    private IReadOnlyList<KubeObject> Select(Call call, IReadOnlyList<KubeObject>? candidates)
    {
        var kind = call.Resource.Kind;
        var labels = LabelSelector.Parse(call.Query["labelSelector"]);
        var fields = FieldSelector.Parse(call.Query["fieldSelector"], kind);
        return Filter(candidates ?? Candidates(call, kind, fields), labels, fields);
    }

    private (IReadOnlyList<KubeObject> Items, JsonObject Metadata) Page(Call call)
    {
        RequestOptions.CheckList(call.Query);
        var limit = call.Query.Whole("limit") ?? 0;
        IReadOnlyList<KubeObject> all;
        long version;
        var from = 0;
        if (call.Query["continue"] is { } token)
        {
            (all, version, from) = Continue(call, token);
        }
        else
        {
            (all, version) = AtVersion(call, limit);
        }

        var count = limit > 0 ? (int)Math.Min(limit, all.Count - from) : all.Count - from;
        var metadata = new JsonObject { ["resourceVersion"] = version.ToString() };
        var left = all.Count - from - count;
        if (left > 0 || (limit > 0 && count == limit && MoreBehind(call, all[from + count - 1])))
        {
            metadata["continue"] = Remember(all, version, from + count);
            if (call.Query["labelSelector"] is null && call.Query["fieldSelector"] is null)
            {
                metadata["remainingItemCount"] = left;
            }
        }

        return (from == 0 && count == all.Count ? all : [.. all.Skip(from).Take(count)], metadata);
    }

    private (IReadOnlyList<KubeObject> Items, long Version, int From) Continue(Call call, string token)
    {
        if (call.Query.Version is > 0)
        {
            throw ApiException.BadRequest("specifying resource version is not allowed when using continue");
        }

        var parts = Decode(token)?.Split('/', 4);
        if (parts is not { Length: 4 } || !int.TryParse(parts[0], CultureInfo.InvariantCulture, out var id)
            || !int.TryParse(parts[1], CultureInfo.InvariantCulture, out var from))
        {
            throw ApiException.BadRequest("invalid continue token: continue key is not valid: the token was not made by this server");
        }

        if (id >= 0)
        {
            var found = _snapshots.FirstOrDefault(s => s.Id == id);
            if (found is not null && from <= found.Items.Count)
            {
                return (found.Items, found.Version, from);
            }

            throw new ApiException(
                410,
                "Expired",
                "The provided continue parameter is too old to display a consistent list result. You can start a new list " +
                "without the continue parameter, or use the continue token in this response to retrieve the remainder of " +
                "the results.")
            { Continue = Encode($"-1/0/{parts[2]}/{parts[3]}") };
        }

        // The token of an expired list: whatever comes after its last name now.
        var rest = Select(call).Where(item => After(item, parts[2], parts[3])).ToList();
        return (rest, store.ResourceVersion, 0);
    }

    private string Remember(IReadOnlyList<KubeObject> all, long version, int next)
    {
        var known = _snapshots.FirstOrDefault(s => ReferenceEquals(s.Items, all));
        if (known is null)
        {
            known = new Snapshot(_tokens++, all, version, store.Agenda.Now);
            _snapshots.AddLast(known);
        }

        while (_snapshots.Count > MostSnapshots || _snapshots.First!.Value.At + SnapshotAge < store.Agenda.Now)
        {
            _snapshots.RemoveFirst();
        }

        var last = all[next - 1];
        return Encode($"{known.Id}/{next}/{last.Namespace}/{last.Name}");
    }

    private (IReadOnlyList<KubeObject> Items, long Version) AtVersion(Call call, long limit)
    {
        var version = call.Query.Version ?? 0;
        if (version > store.ResourceVersion)
        {
            throw Watches.TooLarge(version, store.ResourceVersion);
        }

        var exact = call.Query["resourceVersionMatch"] == "Exact" || (call.Query["resourceVersionMatch"] is null && limit > 0);
        if (version == 0 || version == store.ResourceVersion || !exact)
        {
            return (Select(call), store.ResourceVersion);
        }

        var then = store.ListAt(call.Resource.Kind, call.Namespace, version)
            ?? throw ApiException.Expired($"The resourceVersion for the provided list is too old: {version}");
        return (Select(call, then), version);
    }

    /// <summary>The real server stops where a page is full, and does not look whether what follows would be selected.</summary>
    private bool MoreBehind(Call call, KubeObject last) =>
        (call.Query["labelSelector"] is not null || call.Query["fieldSelector"] is not null)
        && store.List(call.Resource.Kind, call.Namespace).LastOrDefault() is { } end
        && After(end, last.Namespace, last.Name);

    private IEnumerable<KubeObject> Candidates(Call call, Kind kind, FieldSelector fields)
    {
        if (kind.Equals(Kinds.Pod) && fields.NodeName is { } node)
        {
            var pods = store.PodsOn(node);
            return call.Namespace.Length == 0 ? pods : pods.Where(pod => pod.Namespace == call.Namespace);
        }

        if (fields.Name is { } name && (call.Namespace.Length > 0 || !kind.Namespaced))
        {
            return store.Get(kind, call.Namespace, name) is { } one ? [one] : [];
        }

        return store.List(kind, call.Namespace);
    }

    private static IReadOnlyList<KubeObject> Filter(
        IEnumerable<KubeObject> items, LabelSelector labels, FieldSelector fields) =>
        labels.SelectsEverything && fields.SelectsEverything && items is IReadOnlyList<KubeObject> whole
            ? whole
            : [.. items.Where(item => labels.Matches(item) && fields.Matches(item))];

    private static bool After(KubeObject item, string ns, string name)
    {
        var order = string.CompareOrdinal(item.Namespace, ns);
        return order > 0 || (order == 0 && string.CompareOrdinal(item.Name, name) > 0);
    }

    private static string Encode(string token) => Convert.ToBase64String(Encoding.UTF8.GetBytes(token));

    private static string? Decode(string token)
    {
        var buffer = new byte[token.Length];
        return Convert.TryFromBase64String(token, buffer, out var length)
            ? Encoding.UTF8.GetString(buffer, 0, length) : null;
    }

    private sealed record Snapshot(int Id, IReadOnlyList<KubeObject> Items, long Version, DateTimeOffset At);
}
