using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>The rules by which an object goes: preconditions, grace, finalizers.</summary>
internal static class Ending
{
    private const string ForegroundFinalizer = "foregroundDeletion";
    private const string OrphanFinalizer = "orphan";
    private const long DefaultGraceSeconds = 30;

    public static void CheckPreconditions(KubeObject stored, DeleteOptions options)
    {
        // Here the real server names the kind where it names the resource elsewhere.
        var kind = stored.Kind.Group.Length == 0 ? stored.Kind.Name : stored.Kind.Name + "." + stored.Kind.Group;
        if (options.Uid is { } uid && uid != stored.Uid)
        {
            throw ApiException.Conflict(
                kind,
                stored.Name,
                $"the UID in the precondition ({uid}) does not match the UID in record ({stored.Uid}). " +
                "The object might have been deleted and then recreated");
        }

        if (options.ResourceVersion is { } version && version != stored.ResourceVersion.ToString())
        {
            throw ApiException.Conflict(
                kind,
                stored.Name,
                $"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record " +
                $"({stored.ResourceVersion}). The object might have been modified");
        }
    }

    /// <summary>
    /// The object as a deletion leaves it: marked as being deleted while something holds it, or as it last was. Null when it
    /// is already on its way and this adds nothing.
    /// </summary>
    public static JsonObject? Mark(KubeObject stored, DeleteOptions options, DateTimeOffset now)
    {
        var kind = stored.Kind;
        var isPod = kind.Equals(Kinds.Pod);
        var json = stored.Json.DeepClone().AsObject();
        var metadata = json["metadata"]!.AsObject();
        var left = (long?)metadata["deletionGracePeriodSeconds"] ?? 0;
        var grace = 0L;
        if (isPod && stored.Deleting)
        {
            // A second deletion may only shorten the grace period.
            grace = options.GracePeriodSeconds is null ? left : GraceOf(stored, options);
            if (left > 0 && grace >= left)
            {
                return null;
            }
        }
        else if (isPod)
        {
            grace = GraceOf(stored, options);
        }

        SetFinalizers(metadata, options.Propagation);
        if (!isPod && !HasOpenFinalizers(kind, json))
        {
            return json;
        }

        if (!stored.Deleting && (long?)metadata["generation"] is { } generation)
        {
            metadata["generation"] = generation + 1;
        }

        if (!stored.Deleting || left > 0)
        {
            metadata["deletionTimestamp"] = Timestamps.Seconds(now.AddSeconds(grace));
            if (!kind.Equals(Kinds.Namespace))
            {
                metadata["deletionGracePeriodSeconds"] = grace;
            }
        }

        if (kind.Equals(Kinds.Namespace))
        {
            var status = json["status"] as JsonObject ?? [];
            status["phase"] = "Terminating";
            json["status"] = status;
        }

        return json;
    }

    /// <summary>Nothing keeps an object that is marked as being deleted.</summary>
    public static bool IsOver(Kind kind, JsonObject json) =>
        ((long?)json["metadata"]?["deletionGracePeriodSeconds"] ?? 0) == 0 && !HasOpenFinalizers(kind, json);

    private static bool HasOpenFinalizers(Kind kind, JsonObject json) =>
        json["metadata"]?["finalizers"] is JsonArray { Count: > 0 }
        || (kind.Equals(Kinds.Namespace) && json["spec"]?["finalizers"] is JsonArray { Count: > 0 });

    private static long GraceOf(KubeObject pod, DeleteOptions options)
    {
        var spec = pod.Json["spec"] as JsonObject;
        if (string.IsNullOrEmpty((string?)spec?["nodeName"])
            || (string?)pod.Json["status"]?["phase"] is "Succeeded" or "Failed")
        {
            // No kubelet has anything left to stop.
            return 0;
        }

        var grace = options.GracePeriodSeconds ?? (long?)spec?["terminationGracePeriodSeconds"] ?? DefaultGraceSeconds;
        return grace < 0 ? 1 : grace;
    }

    /// <summary>Puts the finalizer of a way of deleting in place of that of another.</summary>
    private static void SetFinalizers(JsonObject metadata, Propagation propagation)
    {
        var before = (metadata["finalizers"] as JsonArray ?? []).Select(f => (string?)f).ToList();
        var wanted = propagation switch
        {
            Propagation.Foreground => ForegroundFinalizer,
            Propagation.Orphan => OrphanFinalizer,
            Propagation.AsBefore => before.Find(f => f is ForegroundFinalizer or OrphanFinalizer),
            _ => null,
        };
        var after = before.Where(f => f is not (ForegroundFinalizer or OrphanFinalizer)).ToList();
        if (wanted is not null)
        {
            after.Add(wanted);
        }

        if (after.Count == before.Count && after.All(before.Contains))
        {
            return;
        }

        if (after.Count == 0)
        {
            metadata.Remove("finalizers");
        }
        else
        {
            metadata["finalizers"] = new JsonArray([.. after.Select(f => JsonValue.Create(f))]);
        }
    }
}
