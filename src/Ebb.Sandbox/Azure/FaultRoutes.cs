using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>
/// Orders to machines that the sandbox's owner wants to see fail, as some of Azure's do: they are accepted, and end as failed.
/// <c>POST /sandbox/faults</c> with <c>{"resource":"{scale set's or machine's id}","operation":"restart","code":"...","message":"...","count":1}</c>
/// (all but <c>resource</c> and <c>operation</c> may be left out), and <c>DELETE /sandbox/faults</c> to have all succeed again.
/// </summary>
internal sealed class FaultRoutes(CloudWorld world)
{
    private const int Most = 1000;

    // By the last segment of the order's address.
    private static readonly Dictionary<string, CallKind> Operations = new(StringComparer.OrdinalIgnoreCase)
    {
        ["start"] = CallKind.Start,
        ["powerOff"] = CallKind.PowerOff,
        ["deallocate"] = CallKind.Deallocate,
        ["restart"] = CallKind.Restart,
        ["reimage"] = CallKind.Reimage,
        ["manualUpgrade"] = CallKind.Upgrade,
    };

    /// <summary>Null when the request is none of these.</summary>
    public ArmReply? Answer(ArmRequest r) => (r.Method, r.Lower) switch
    {
        ("POST", ["sandbox", "faults"]) => Add(r),
        ("DELETE", ["sandbox", "faults"]) => Clear(),
        _ => null,
    };

    private ArmReply Add(ArmRequest r)
    {
        var body = r.Body as JsonObject;
        try
        {
            if (MaintenanceRoutes.Target(JsonRead.OptionalText(body, "resource")) is not var (group, set, id))
            {
                throw JsonRead.Invalid("resource", "'resource' must be the id of a scale set or of a machine in one.");
            }

            var operation = JsonRead.OptionalText(body, "operation") ?? throw JsonRead.Required("operation");
            if (!Operations.TryGetValue(operation, out var call))
            {
                throw JsonRead.Invalid("operation", $"The operation '{operation}' is not valid. Allowed values are '{string.Join("', '", Operations.Keys)}'.");
            }

            var count = JsonRead.Whole(body, "count") ?? 1;
            if (count is < 1 or > Most)
            {
                throw JsonRead.Invalid("count", $"The count '{count}' is not valid. It must be between 1 and {Most}.");
            }

            if (world.Find(group, set) is not { } found || (id is not null && found.Instances.Values.All(instance => instance.Id != id)))
            {
                return ArmReply.Error(404, "NotFound", $"There is no scale set '{set}'{(id is null ? "" : $" with a machine '{id}'")} in resource group '{group}'.");
            }

            var fault = new Fault
            {
                Kind = FaultKind.FailOperation,
                On = call,
                Pool = set,
                Instance = id,
                Count = count,
                Code = JsonRead.OptionalText(body, "code") ?? "InternalExecutionError",
                Message = JsonRead.OptionalText(body, "message") ?? "An internal execution error occurred. Please retry later.",
            };
            world.Faults.Add(fault);
            return new ArmReply(201, new JsonObject { ["code"] = fault.Code, ["message"] = fault.Message, ["count"] = count });
        }
        catch (JsonRead.ModelException e)
        {
            return ArmReply.Error(e.Error);
        }
    }

    private ArmReply Clear()
    {
        world.Faults.Clear();
        return new ArmReply(204);
    }
}
