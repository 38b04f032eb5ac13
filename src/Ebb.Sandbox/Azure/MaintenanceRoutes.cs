using System.Text.Json.Nodes;
using System.Xml;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>
/// What a subscription's owner cannot order of the real cloud, and the owner of a sandbox can: maintenance of machines' hosts.
/// <c>POST /sandbox/events</c> with <c>{"resource":"{scale set's or machine's id}","type":"Freeze|Reboot|Redeploy","notice":"PT30S"}</c>,
/// and <c>DELETE /sandbox/events/{id}?resource=</c> to call it off.
/// </summary>
internal sealed class MaintenanceRoutes(CloudWorld world)
{
    /// <summary>Null when the request is none of these.</summary>
    public ArmReply? Answer(ArmRequest r) => (r.Method, r.Lower) switch
    {
        ("POST", ["sandbox", "events"]) => Announce(r),
        ("DELETE", ["sandbox", "events", _]) => CallOff(r),
        _ => null,
    };

    private ArmReply Announce(ArmRequest r)
    {
        if (Target(JsonRead.Text(JsonRead.Get(r.Body, "resource"))) is not var (group, set, id))
        {
            return ArmReply.Error(400, "InvalidParameter", "'resource' must be the id of a scale set or of a machine in one.");
        }

        var type = JsonRead.Text(JsonRead.Get(r.Body, "type"));
        if (!Enum.TryParse<Maintenance>(type, ignoreCase: true, out var kind) || !Enum.IsDefined(kind))
        {
            return ArmReply.Error(400, "InvalidParameter", $"The type '{type}' is not valid. Allowed values are 'Freeze', 'Reboot', 'Redeploy'.");
        }

        TimeSpan? notice = null;
        if (JsonRead.Text(JsonRead.Get(r.Body, "notice")) is { } text)
        {
            try
            {
                notice = XmlConvert.ToTimeSpan(text);
            }
            catch (FormatException)
            {
                // Refused below like a notice that is negative.
                notice = TimeSpan.MinValue;
            }

            if (notice < TimeSpan.Zero || notice > TimeSpan.FromDays(1))
            {
                return ArmReply.Error(400, "InvalidParameter", $"The notice '{text}' is not valid. It must be between PT0S and P1D.");
            }
        }

        var outcome = world.Maintain(group, set, id is null ? null : [id], kind, notice);
        return ArmReply.From(outcome, eventId => new ArmReply(201, new JsonObject { ["eventId"] = eventId }));
    }

    private ArmReply CallOff(ArmRequest r) =>
        Target(r.Query["resource"].ToString()) is var (group, set, _) && world.CallOff(group, set, r.Segments[2])
            ? new ArmReply(204)
            : ArmReply.Error(404, "NotFound", $"There is no event '{r.Segments[2]}' that could be called off.");

    /// <summary>The scale set, or machine in one, that a resource id names.</summary>
    internal static (string Group, string Set, string? Id)? Target(string? resource) =>
        resource?.Split('/', StringSplitOptions.RemoveEmptyEntries) switch
        {
            [_, _, _, var group, _, _, var type, var set] when JsonRead.Is(type, "virtualMachineScaleSets") => (group, set, null),
            [_, _, _, var group, _, _, var type, var set, _, var id] when JsonRead.Is(type, "virtualMachineScaleSets") => (group, set, id),
            _ => null,
        };
}
