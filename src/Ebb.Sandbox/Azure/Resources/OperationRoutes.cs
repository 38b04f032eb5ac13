using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>Where callers of every provider follow work that goes on.</summary>
internal sealed class OperationRoutes(ResourceStore store)
{
    /// <summary>Null when the request is none of these.</summary>
    public ArmReply? Answer(ArmRequest r) => (r.Method, r.Lower) switch
    {
        ("GET", ["subscriptions", _, "providers", _, "locations", _, "operations" or "asyncoperations" or "operationresults", var id]) =>
            Follow(r, r.Segments[3], id, result: r.Flag("monitor") || r.Lower[6] == "operationresults"),
        _ => null,
    };

    private ArmReply Follow(ArmRequest r, string space, string id, bool result) => ArmReply.From(store.World.GetOperation(id), operation =>
    {
        var running = operation.Status == OperationStatus.InProgress;
        (string, string)[] retry = running ? [("Retry-After", AsyncHeaders.RetryAfter(store.Options))] : [];
        if (!result)
        {
            return new ArmReply(200, Status(operation)) { Headers = [.. retry] };
        }

        if (running)
        {
            return new ArmReply(202) { Headers = [.. FollowForm.Of(space).Headers(r, store, space, operation, location: true)] };
        }

        return operation.Error is { } error ? ArmReply.Error(error) : Result(r, space, operation);
    });

    // Storage accounts are made without a body: the caller gets it here.
    private ArmReply Result(ArmRequest r, string space, Operation operation) =>
        FollowForm.Of(space).OnlyLocation && store.All.FirstOrDefault(x =>
            x.Name.Equals(operation.Target, StringComparison.OrdinalIgnoreCase) && x.Type.Namespace.Equals(space, StringComparison.OrdinalIgnoreCase)) is { } made
            ? new ArmReply(200, ResourceJson.Of(store, made, r))
            : new ArmReply(200);

    private static JsonObject Status(Operation operation)
    {
        var json = new JsonObject
        {
            ["startTime"] = ScaleSetJson.Time(operation.StartedAt),
            ["status"] = operation.Status.ToString(),
            ["name"] = operation.Id,
        };
        if (operation.EndedAt is { } ended)
        {
            json["endTime"] = ScaleSetJson.Time(ended);
        }

        if (operation.Error is { } error)
        {
            json["error"] = ArmReply.Json(error);
        }

        return json;
    }
}
