using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Validation;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>A watch that is open. Disposing it ends it.</summary>
public sealed class ApiWatch : IDisposable
{
    private readonly Func<WatchEvent> _bookmark;

    internal ApiWatch(Func<WatchEvent> bookmark, bool wantsBookmarks, long? timeoutSeconds)
    {
        _bookmark = bookmark;
        WantsBookmarks = wantsBookmarks;
        TimeoutSeconds = timeoutSeconds;
    }

    public bool WantsBookmarks { get; }

    /// <summary>After how long the watch asked to be ended; whoever opened it does that.</summary>
    public long? TimeoutSeconds { get; }

    internal IDisposable? Subscription { get; set; }

    /// <summary>A bookmark of now. Call it under the agenda's gate, or an event may come to be before it.</summary>
    public WatchEvent Bookmark() => _bookmark();

    public void Dispose() => Subscription?.Dispose();
}

/// <summary>Opens watches.</summary>
internal sealed class Watches(ObjectStore store, Lists lists, Rendering rendering)
{
    /// <exception cref="ApiException">410 when the start is too long ago; 400 and 422 for wrong parameters.</exception>
    public ApiWatch Open(Call call, Form form, Action<WatchEvent> onEvent)
    {
        var kind = call.Resource.Kind;
        var labels = LabelSelector.Parse(call.Query["labelSelector"]);
        var fields = FieldSelector.Parse(
            call.Name.Length > 0 ? "metadata.name=" + call.Name : call.Query["fieldSelector"], kind);
        var version = call.Query.Version ?? 0;
        var streamList = call.Query.IsTrue("sendInitialEvents");
        var bookmarks = call.Query.IsTrue("allowWatchBookmarks");
        Check(call, streamList, bookmarks);
        if (version > store.ResourceVersion)
        {
            throw TooLarge(version, store.ResourceVersion);
        }

        bool Selected(KubeObject item) =>
            (call.Namespace.Length == 0 || item.Namespace == call.Namespace) && labels.Matches(item) && fields.Matches(item);

        var first = true;
        WatchEvent Event(string type, KubeObject item)
        {
            var sent = new WatchEvent(type, rendering.One(call, item, form, withColumns: first), item.ResourceVersion);
            first = false;
            return sent;
        }

        void Send(StoreEvent change)
        {
            if (Translate(change, Selected) is var (type, item))
            {
                onEvent(Event(type, item));
            }
        }

        var past = version == 0 || streamList ? [] : store.Since(kind, version)
            ?? throw ApiException.Expired($"too old resource version: {version} ({store.ForgottenUpTo(kind)})");
        var start = store.ResourceVersion;
        if (version == 0 || streamList)
        {
            foreach (var item in lists.Select(call).Where(Selected))
            {
                onEvent(Event("ADDED", item));
            }
        }

        foreach (var change in past)
        {
            Send(change);
        }

        if (streamList)
        {
            onEvent(Bookmark(call, form, endOfInitial: true));
        }

        return new ApiWatch(
            () => Bookmark(call, form, endOfInitial: false), bookmarks, call.Query.Whole("timeoutSeconds"))
        {
            Subscription = store.Subscribe(change =>
            {
                // Opened while events are being told of, some of those still to come are in the state already sent.
                if (change.Object.Kind.Equals(kind) && change.Object.ResourceVersion > start)
                {
                    Send(change);
                }
            }),
        };
    }

    public static ApiException TooLarge(long version, long current) =>
        new(504, "Timeout", $"Too large resource version: {version}, current: {current}")
        {
            Details = new JsonObject
            {
                ["causes"] = new JsonArray(new JsonObject
                {
                    ["reason"] = "ResourceVersionTooLarge",
                    ["message"] = "Too large resource version",
                }),
            },
            RetryAfterSeconds = 1,
        };

    private static void Check(Call call, bool streamList, bool bookmarks)
    {
        const string field = "resourceVersionMatch";
        call.Query.Whole("limit");
        var match = call.Query[field];
        var problems = Problems.OfOptions("ListOptions");
        if (!streamList && match is not null)
        {
            problems.Add(Problem.Forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
            if (call.Query["resourceVersion"] is null)
            {
                problems.Add(Problem.Forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
            }
        }
        else if (streamList && (match != "NotOlderThan" || !bookmarks))
        {
            problems.Add(Problem.Forbidden(
                field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, and allowWatchBookmarks"));
        }

        problems.ThrowIfAny();
    }

    /// <summary>What a change is to someone who sees only what is selected.</summary>
    private static (string Type, KubeObject Item)? Translate(StoreEvent change, Func<KubeObject, bool> selected)
    {
        var before = change.Before is { } earlier && selected(earlier);
        if (change.Type is StoreEventType.Deleted)
        {
            return before ? ("DELETED", change.Object) : null;
        }

        return (before, selected(change.Object)) switch
        {
            (false, true) => ("ADDED", change.Object),
            (true, true) => ("MODIFIED", change.Object),
            (true, false) => ("DELETED", change.Before!.At(change.Object.ResourceVersion)),
            _ => null,
        };
    }

    private WatchEvent Bookmark(Call call, Form form, bool endOfInitial)
    {
        var version = store.ResourceVersion;
        var metadata = new JsonObject { ["resourceVersion"] = version.ToString(), ["creationTimestamp"] = null };
        if (endOfInitial)
        {
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        }

        return new WatchEvent(
            "BOOKMARK",
            form is Form.Table
                ? rendering.Table(call, [], metadata, withColumns: false)
                : Versions.Bytes(new JsonObject
                {
                    ["kind"] = form is Form.Metadata ? "PartialObjectMetadata" : call.Resource.Kind.Name,
                    ["apiVersion"] = form is Form.Metadata ? Rendering.MetaVersion(call) : call.Resource.ApiVersion,
                    ["metadata"] = metadata,
                }),
            version);
    }
}
