using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Compute;

/// <summary>Machines that stand alone: machines of the world, with what a client says of them.</summary>
internal sealed class VirtualMachines(ConsoleLogs consoles) : ResourceType("Microsoft.Compute", "virtualMachines")
{
    public override NameRule Names => NameRule.Machine;

    public override ETagStyle ETags => ETagStyle.Counted;

    public override CallKind KindOf(string method) => method switch
    {
        "PUT" or "PATCH" => CallKind.PutMachine,
        "DELETE" => CallKind.DeleteMachine,
        _ => CallKind.GetMachine,
    };

    // Orders to machines are counted by the world, as those to machines of scale sets are.
    public override CallKind? KindOfAction(string action) =>
        action is "start" or "restart" or "redeploy" or "poweroff" or "deallocate" or "reimage" or "simulateeviction" ? null : CallKind.ActOnResource;

    // What a request leaves out stays as it was: clients put back what they read, and that has no customData.
    protected internal override JsonObject Merge(Resource? old, JsonObject body, bool patch) => ResourceModel.Merge(old?.Model, body);

    protected internal override void Complete(Writing w) => MachineModel.Complete(w);

    protected internal override CloudError? Foresee(Writing w, QuotaClaims claims) =>
        w.World.ForeseeMachine(w.Id.Group!, w.Id.Name, MachineModel.Spec(w), claims);

    protected internal override Outcome<Operation?> Write(Writing w)
    {
        if (MachineModel.NicTaken(w) is { } taken)
        {
            return taken;
        }

        if (Acceleration.Refusal(w) is { } plain)
        {
            return plain;
        }

        if (MachineResize.Refusal(w) is { } refused)
        {
            return refused;
        }

        // The store keeps what the world accepted; a refusal leaves both as they were.
        var outcome = w.World.PutMachine(w.World.FindGroup(w.Id.Group!)!.Name, w.Id.Name, MachineModel.Spec(w), MachineModel.ForWorld(w));
        if (outcome.Operation is { } operation && w.Old is null)
        {
            w.World.WhenEnded(operation, error =>
            {
                if (error is not null && w.Store.Find(w.Id) is { } failed)
                {
                    MachineModel.ReserveNics(w.Store, failed);
                }
            });
        }

        return outcome;
    }

    protected internal override void Written(Writing w, Resource resource) => Disks.MakeFor(w, resource);

    protected internal override Outcome<Operation?> Delete(ResourceStore store, Resource resource, ArmRequest r)
    {
        var force = r.Flag("forceDeletion")
            || r.Query["forceDeletionTypes"].ToString().Split(',', StringSplitOptions.TrimEntries).Contains(FullName, StringComparer.OrdinalIgnoreCase);
        return store.World.DeleteMachine(resource.Id.Group!, resource.Name, force);
    }

    protected internal override void Deleted(ResourceStore store, Resource resource) => Disks.ReleaseFrom(store, resource);

    protected internal override void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r) =>
        MachineJson.Show(store, resource, json, r.Query["$expand"].ToString(), r.Flag("statusOnly"));

    // Those of a scale set are asked for by a filter; scale sets here keep their machines to themselves.
    protected internal override IEnumerable<Resource> List(ResourceStore store, string scope, ArmRequest r) =>
        r.Query["$filter"].ToString().Length > 0 ? [] : base.List(store, scope, r);

    protected internal override ArmReply? Below(ResourceStore store, Resource resource, string part, ArmRequest r)
    {
        var world = store.World;
        var (group, set) = (resource.Id.Group!, ScaleSet.OfMachine(resource.Name));
        string[] ids = [world.FindMachine(group, resource.Name)?.Machine.Id ?? "0"];
        return (r.Method, part) switch
        {
            ("GET", "instanceview") => new ArmReply(200, MachineJson.View(store, resource)),
            ("GET", "vmsizes") => new ArmReply(200, ScaleSetRoutes.Value(MachineResize.Offered(store, resource).Select(ComputeRoutes.SizeJson))),
            ("POST", "start") => Accepted(world.Start(group, set, ids)),
            ("POST", "restart" or "redeploy") => Accepted(world.Restart(group, set, ids)),
            ("POST", "poweroff") => Accepted(world.PowerOff(group, set, ids, r.Flag("skipShutdown"))),
            ("POST", "deallocate") => Accepted(world.Deallocate(group, set, ids)),
            ("POST", "reimage") => Accepted(world.Reimage(group, set, ids)),
            ("POST", "simulateeviction") => ArmReply.From(world.SimulateEviction(group, set, ids[0]), _ => new ArmReply(204)),
            ("POST", "retrievebootdiagnosticsdata") => MachineJson.BootDiagnostics(store, resource, consoles, r),
            _ => null,
        };

        ArmReply Accepted(Outcome<ScaleSet> outcome) => ArmReply.From(outcome, _ => new ArmReply(202)
        {
            Headers = [.. Follow.Headers(r, store, Namespace, outcome.Operation, location: true)],
        });
    }

    /// <summary>A machine that was evicted for good is no resource any more.</summary>
    internal static void Gone(ResourceStore store, InstanceChange change)
    {
        if (change is { Event: InstanceEvent.Gone, Instance.Standalone: true }
            && store.Find(change.Instance.ResourceId) is { } resource && resource.Provisioning != ProvisioningState.Deleting)
        {
            store.Remove(resource.Id);
            Disks.ReleaseFrom(store, resource);
        }
    }
}
