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

    /// <summary>A copy that is marked as being deleted; null when the object is already on its way and this adds nothing.</summary>
    public static JsonObject? Mark(KubeObject stored, DeleteOptions options, DateTimeOffset now)
    {
        var kind = stored.Kind;
        var isPod = kind.Equals(Kinds.Pod);
        var grace = isPod ? GraceOf(stored, options) : 0;
        var json = stored.Json.DeepClone().AsObject();
        var metadata = json["metadata"]!.AsObject();
        if (stored.Deleting)
        {
            // A second deletion may only shorten the grace period.
            var left = (long?)metadata["deletionGracePeriodSeconds"] ?? 0;
            if (!isPod || options.GracePeriodSeconds is null || grace >= left)
            {
                return HasOpenFinalizers(kind, json) || isPod ? null : json;
            }
        }
        else if (options.Propagation is not Propagation.Background)
        {
            AddFinalizer(
                metadata, options.Propagation is Propagation.Foreground ? ForegroundFinalizer : OrphanFinalizer);
        }

        if (!stored.Deleting && (long?)metadata["generation"] is { } generation)
        {
            metadata["generation"] = generation + 1;
        }

        metadata["deletionTimestamp"] = Timestamps.Seconds(now.AddSeconds(grace));
        metadata["deletionGracePeriodSeconds"] = grace;
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

    private static void AddFinalizer(JsonObject metadata, string finalizer)
    {
        var finalizers = metadata["finalizers"] as JsonArray ?? [];
        if (!finalizers.Any(f => (string?)f == finalizer))
        {
            finalizers.Add(finalizer);
        }

        metadata["finalizers"] = finalizers;
    }
}
