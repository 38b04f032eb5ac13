using Ebb.Sandbox.Azure.Access;
using Ebb.Sandbox.Azure.Compute;
using Ebb.Sandbox.Azure.Containers;
using Ebb.Sandbox.Azure.Deployments;
using Ebb.Sandbox.Azure.Network;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Azure.Storage;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>
/// Azure's resource manager: every provider, built here by hand, and the one door to them, which lets pass what its caller's roles and
/// the locks allow and keeps a record of changes.
/// </summary>
internal sealed class Arm : IDisposable
{
    private readonly CloudWorld _world;
    private readonly SubscriptionRoutes _subscriptions;
    private readonly PermissionRoutes _permissions;
    private readonly ScaleSetRoutes _scaleSets;
    private readonly ComputeRoutes _compute;
    private readonly InsightsRoutes _insights;
    private readonly MaintenanceRoutes _maintenance;
    private readonly FaultRoutes _faults;
    private readonly ResourceRoutes _resources;
    private readonly OperationRoutes _operations;
    private readonly DeploymentRoutes _deployments;
    private readonly Authorization _authorization;
    private readonly ActivityLog _activity;
    private readonly TagRoutes _tags;
    private readonly Images _images;

    public Arm(CloudWorld world, AzureFaceOptions options)
    {
        _world = world;
        Resources = new ResourceStore(world, options);
        Consoles = new ConsoleLogs(world);
        _activity = new ActivityLog(Resources);
        _tags = new TagRoutes(Resources, Dispatch);
        var accounts = new StorageAccounts();
        var shares = new FileShareType(accounts);
        Resources.Register(new Locks(), new UserAssignedIdentities(), new RoleDefinitions(), new RoleAssignments());
        Resources.Register(new AvailabilitySets(), new VirtualMachines(Consoles), new Disks());
        Resources.Register(NetworkTypes.All());
        Resources.Register(new ContainerGroups());
        Resources.Register(StorageTypes.All(accounts, shares));
        Files = new FileService(Resources, accounts, shares);
        var deletes = new ResourceDeletes(Resources);
        var writes = new ResourceWrites(Resources);
        _resources = new ResourceRoutes(Resources, writes, deletes);
        _operations = new OperationRoutes(Resources);
        _images = new Images(Resources);
        _authorization = new Authorization(Resources, SubscriptionRoutes.WorldTypes);
        _permissions = new PermissionRoutes(Resources, _authorization);
        _subscriptions = new SubscriptionRoutes(Resources, new GroupDeletion(Resources, deletes), _authorization);
        var engine = new DeploymentEngine(Resources, new DeploymentStore(Resources), Dispatch, _subscriptions.ProviderOf);
        var preflight = new Preflight(Resources, writes, engine, _subscriptions.ProviderOf)
        {
            Forbids = request => Forbids(request, ArmAction.Of(Resources, request, _authorization.Casing)),
        };
        _deployments = new DeploymentRoutes(Resources, engine, preflight, new WhatIf(engine, preflight));
        _scaleSets = new ScaleSetRoutes(Resources, Consoles);
        _compute = new ComputeRoutes(world);
        _insights = new InsightsRoutes(world);
        _maintenance = new MaintenanceRoutes(world);
        _faults = new FaultRoutes(world);
        foreach (var app in options.Apps.Where(app => app.Owns))
        {
            RoleAssignments.Grant(Resources, Resources.Subscription, BuiltInRoles.OwnerId, Principals.PrincipalOf(app.ClientId));
        }

        world.TakeAddress = set => ScaleSetNetworks.NextAddress(Resources, set);
        world.InstanceChanged += See;
    }

    /// <summary>What the world does not keep itself: networks, identities, roles. Under the world's gate.</summary>
    public ResourceStore Resources { get; }

    public ConsoleLogs Consoles { get; }

    public FileService Files { get; }

    /// <summary>
    /// Carries out a request of somebody known, as one instant of the world. Deployments send theirs through here; an answer
    /// may be late or <see cref="ArmReply.Silent"/> as for callers outside, and they must bear it.
    /// </summary>
    public ArmReply Dispatch(ArmRequest request)
    {
        if (request.CheckApiVersion() is { } version)
        {
            return version;
        }

        if (request.Lower is ["subscriptions", var subscription, ..]
            && !subscription.Equals(_world.Options.SubscriptionId, StringComparison.OrdinalIgnoreCase))
        {
            return ArmReply.Error(404, "SubscriptionNotFound", $"The subscription '{request.Segments[1]}' could not be found.");
        }

        lock (_world.Agenda.Gate)
        {
            var action = ArmAction.Of(Resources, request, _authorization.Casing);
            var reply = Forbids(request, action) is { } refused
                ? ArmReply.Error(refused) with { Headers = [("x-ms-failure-cause", "gateway")] }
                : Route(request);
            _activity.Record(request, action, reply);
            return reply;
        }
    }

    public void Dispose() => _world.InstanceChanged -= See;

    /// <summary>Why a caller may not do something, whatever its provider would say.</summary>
    private CloudError? Forbids(ArmRequest request, ArmAction? action) =>
        _authorization.Refuse(request, action) ?? Locks.Refuse(Resources, request, action);

    private ArmReply Route(ArmRequest request) =>
        Unregistered(request)
        ?? _permissions.Answer(request)
        ?? _scaleSets.Answer(request)
        ?? _compute.Answer(request)
        ?? _insights.Answer(request)
        ?? _maintenance.Answer(request)
        ?? _faults.Answer(request)
        ?? _operations.Answer(request)
        ?? _images.Answer(request)
        ?? _activity.Answer(request)
        ?? _tags.Answer(request)
        ?? _deployments.Answer(request)
        ?? _resources.Answer(request)
        ?? _subscriptions.Answer(request)
        ?? Unknown(request);

    private ArmReply? Unregistered(ArmRequest request) => Resources.Registrations.Refuse(request) is { } error ? ArmReply.Error(error) : null;

    private void See(InstanceChange change)
    {
        Consoles.See(change);
        VirtualMachines.Gone(Resources, change);
    }

    private ArmReply Unknown(ArmRequest request)
    {
        var at = Array.LastIndexOf(request.Lower, "providers");
        if (at >= 0 && at + 1 < request.Segments.Length)
        {
            var space = request.Segments[at + 1];
            var type = at + 2 < request.Segments.Length ? request.Segments[at + 2] : "";
            return _subscriptions.Knows(space)
                ? ArmReply.Error(404, "InvalidResourceType", $"The resource type '{type}' could not be found in the namespace '{space}' for api version '{request.ApiVersion}'.")
                : ArmReply.Error(404, "InvalidResourceNamespace", $"The resource namespace '{space}' is invalid.");
        }

        return ArmReply.Error(404, "NotFound", $"No service answers {request.Method} at this path.");
    }
}
