using System.Net;
using System.Text.Json;
using Ebb.Pools;

namespace Ebb.Clouds.Azure;

/// <summary>Shields machines from scale-in, and lifts that again: all that it changes of a machine is this one property.</summary>
/// <remarks>
/// Azure's answer holds the machine as it then is, and a list shows whether it stayed so. So the operation is not followed: that would
/// make several requests of each.
/// </remarks>
internal sealed class ScaleSetShields(ArmClient arm, ScaleSetReads reads)
{
    public async Task<ProtectResult> ProtectAsync(Pool pool, Machine machine, bool shielded, CancellationToken ct)
    {
        _ = ScaleSets.InstanceIds(pool, [machine]);
        if (ScaleSets.IsFlexible(machine))
        {
            throw new EbbException($"Pool '{pool.Name}' is a flexible scale set: Ebb cannot shield its machine '{machine.Name}' from scale-in. Use a uniform scale set.");
        }

        // Of a machine in a list that had neither shield nothing need be read. With another tag it has changed since.
        var doing = $"{(shielded ? "Shielding" : "Unshielding")} machine '{machine.Name}'";
        if (shielded && machine is { Protected: false, ETag: { } listed } && reads.LocationOf(pool) is { } location)
        {
            var put = await PutAsync(machine, location, new WireProtectionPolicy(true, null), listed, ct);
            if (put is not ArmAnswer.Refused { Status: HttpStatusCode.PreconditionFailed })
            {
                return Understand(pool, machine, shielded, put, doing);
            }
        }

        var read = await arm.GetAsync(ScaleSets.AddressOf(arm, machine), ArmFamily.SingleMachines, ArmJson.Default.WireInstance, ct);
        if (read.Value is not { } instance)
        {
            return Understand(pool, machine, shielded, read.Answer, doing);
        }

        var now = instance.Properties?.ProtectionPolicy;
        if ((now?.ProtectFromScaleIn is true) == shielded)
        {
            return Shown(pool, machine, shielded, instance.Etag);
        }

        if (now?.ProtectFromScaleSetActions is true)
        {
            // That wider shield includes ours, and someone else's it is.
            throw new EbbException($"Machine '{machine.Name}' is shielded from all actions on its scale set, not by Ebb. Lift that first (protectFromScaleSetActions).");
        }

        var policy = new WireProtectionPolicy(shielded, now?.ProtectFromScaleSetActions);
        var answer = await PutAsync(machine, instance.Location, policy, instance.Etag ?? (read.Answer as ArmAnswer.Ok)?.ETag, ct);
        return Understand(pool, machine, shielded, answer, doing);
    }

    private Task<ArmAnswer> PutAsync(Machine machine, string? location, WireProtectionPolicy policy, string? etag, CancellationToken ct)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new WireProtection(location, new WireProtectionProperties(policy)), ArmJson.Default.WireProtection);
        return arm.SendAsync(new ArmCall(HttpMethod.Put, ScaleSets.AddressOf(arm, machine), ArmFamily.SingleMachines, body, etag), ct);
    }

    private ProtectResult Understand(Pool pool, Machine machine, bool shielded, ArmAnswer answer, string doing) => answer switch
    {
        // Its new tag is told by the next list, or found out when it is needed.
        ArmAnswer.Ok ok => Shown(pool, machine, shielded, ok.ETag),
        ArmAnswer.Throttled throttled => new ProtectResult.Throttled(throttled.RetryAfter),
        ArmAnswer.Refused { Status: HttpStatusCode.NotFound } or
            ArmAnswer.Refused { Status: HttpStatusCode.BadRequest, Error.Wire.Target: "instanceIds" } => new ProtectResult.Gone(),
        _ => throw answer.ToException(doing),
    };

    private ProtectResult.Done Shown(Pool pool, Machine machine, bool shielded, string? etag)
    {
        reads.Learnt(pool, [machine], known => known with { Protected = shielded, ETag = etag });
        return new ProtectResult.Done();
    }
}
