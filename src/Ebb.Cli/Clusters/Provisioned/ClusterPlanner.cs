using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned.Hardware;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Clouds;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Finds out what there is and what is wanted. Changes nothing in the cloud.</summary>
internal sealed class ClusterPlanner(ClusterFile file, CloudAccess cloud)
{
    /// <param name="inputs">What a rendering depends on, but for what the cloud itself says.</param>
    /// <exception cref="EbbException">Something stands in the way; all that was found is named.</exception>
    public async Task<ClusterPlan> PlanAsync(RenderInputs inputs, CancellationToken ct)
    {
        var (plan, preflight) = await LookAsync(inputs, ct);
        plan.Preflight.Require(file.Name);
        if (!plan.Preflight.ToRegister.IsEmpty)
        {
            // Azure compares nothing that it knows no provider for. Whoever carries a plan out has it made anew once there is one.
            return plan with { Changes = [.. Missing(plan.Storage, plan.Place.Storage), .. Missing(plan.Compute, plan.Place.Compute)] };
        }

        // Each takes Azure ten seconds and more: both at once.
        var differences = await Task.WhenAll(DifferenceAsync(plan.Storage, plan.Place.Storage, plan.Place, ct), DifferenceAsync(plan.Compute, plan.Place.Compute, plan.Place, ct));
        var (hardware, changes) = await new HardwarePlanner(file, plan.Names, cloud, plan.Inputs).PlanAsync(
            plan.Place, plan.Hardware.Machines, [.. differences.SelectMany(difference => difference.Changes)], ct);
        preflight.CheckAnew(changes.Where(change => change.MakesPoolAnew).Select(change => change.Name)).Require(file.Name);
        return plan with { Storage = differences[0].Wanted, Compute = differences[1].Wanted, Hardware = hardware, Changes = changes };
    }

    /// <summary>
    /// For whoever deploys nothing and only has the machines that are there become something else: nothing is compared, and what stands in
    /// the way of other machines, such as a quota, stands in nobody's way.
    /// </summary>
    public async Task<ClusterPlan> PlanInPlaceAsync(RenderInputs inputs, CancellationToken ct) => (await LookAsync(inputs, ct)).Plan;

    private async Task<(ClusterPlan Plan, Preflight Preflight)> LookAsync(RenderInputs inputs, CancellationToken ct)
    {
        var names = new ResourceNames(file, cloud.Arm.Subscription);
        var (place, preflight, report) = await CheckAsync(names, ct);
        var complete = Complete(inputs, preflight);
        var rendering = Renderer.Render(file, complete);
        var plan = new ClusterPlan
        {
            File = file,
            Names = names,
            Place = place,
            Storage = new Blueprint("storage", file.Cloud.StorageGroup, ResourceNames.StorageDeployment, rendering.StorageTemplate, rendering.StorageParameters),
            Compute = new Blueprint("compute", file.Cloud.ComputeGroup, ResourceNames.ComputeDeployment, rendering.ComputeTemplate, rendering.ComputeParameters),
            Preflight = report,
            Inputs = complete,
            Hardware = new HardwarePlan { Machines = await MachinesAsync(place, report, new HardwarePlanner(file, names, cloud, complete), ct), Steps = [] },
            Changes = [],
        };
        return (plan, preflight);
    }

    /// <summary>Nothing is asked of a provider that the subscription is not registered with: it has made nothing.</summary>
    private static async Task<ImmutableArray<VirtualMachine>> MachinesAsync(ClusterPlace place, PreflightReport report, HardwarePlanner planner, CancellationToken ct) =>
        report.ToRegister.Contains(Registration.Compute) ? [] : await planner.MachinesAsync(place, ct);

    private Task<(ClusterPlace Place, Preflight Preflight, PreflightReport Report)> CheckAsync(ResourceNames names, CancellationToken ct) =>
        SubscriptionReading.RequireAsync(cloud.Arm.Subscription, async () =>
        {
            var place = await ClusterPlace.LookAsync(file, cloud.Groups, cloud.Deployments, ct);
            var preflight = new Preflight(cloud.Facts, file, GlobalNames.Of(file, names), place);
            return (place, preflight, await preflight.CheckAsync(ct));
        });

    /// <summary>What would be deployed, whether or not anything stands in the way of it.</summary>
    /// <exception cref="EbbException">What the sizes have is not to be known yet, and with it what pools offer.</exception>
    public async Task<Rendering> RenderAsync(RenderInputs inputs, CancellationToken ct)
    {
        var names = new ResourceNames(file, cloud.Arm.Subscription);
        var (_, preflight, report) = await CheckAsync(names, ct);
        if (report.ToRegister.Contains(Registration.Compute))
        {
            throw new EbbException(
                $"Subscription '{cloud.Arm.Subscription}' has never used {Registration.Compute}, so Azure does not say what machines of which size have; a pool that does not say it cannot grow. "
                + $"Run this, and render then: {Registration.Commands([Registration.Compute], cloud.Arm.Subscription)}");
        }

        return Renderer.Render(file, Complete(inputs, preflight));
    }

    private RenderInputs Complete(RenderInputs inputs, Preflight preflight) => inputs with
    {
        SubscriptionId = cloud.Arm.Subscription,

        // As the controller has set them: a pool's machines are not for a deployment to take away.
        Capacities = preflight.Sets.Values.ToImmutableSortedDictionary(set => set.Name, set => set.Capacity, StringComparer.Ordinal),
        Sizes = SizeFacts.Of(preflight.Sizes),
    };

    /// <summary>
    /// Asks Azure also where the file is as it was deployed: what somebody has changed by hand is to be found. What others have added
    /// to Ebb's resources goes into what is deployed.
    /// </summary>
    private async Task<(Blueprint Wanted, ImmutableArray<ClusterChange> Changes)> DifferenceAsync(Blueprint wanted, GroupPlace place, ClusterPlace all, CancellationToken ct)
    {
        if (place.Group is null)
        {
            return (wanted, [.. Missing(wanted, place)]);
        }

        try
        {
            var found = Comparison.Refine(await cloud.Deployments.WhatIfAsync(wanted.Group, wanted.Name, wanted.Template, wanted.Parameters, ct), wanted.Reading);
            var deployed = Deploying.IsDeployed(wanted, place);
            ImmutableArray<ClusterChange> changes =
            [
                .. from change in ClusterChanges.Of(wanted.Group, deployed ? found.Where(f => f.Kind is not ChangeKind.Deploy) : found, id => all.IsOurs(id, file.Name))
                   select change with { Drift = deployed },
            ];
            return (
                wanted with { Template = OthersAdditions.Keep(wanted.Template, found) },
                deployed || !changes.IsEmpty ? changes : [Unseen(wanted, place)]);
        }
        catch (CloudException e) when (e.Status is System.Net.HttpStatusCode.NotFound or System.Net.HttpStatusCode.BadRequest && all.Storage.Last is not { Succeeded: true })
        {
            // The one group refers to what is in the other, which is yet to be made: what the file says is made, whatever is there.
            return (wanted, [.. Contents(wanted)]);
        }
    }

    /// <summary>What Azure lets be seen is as it is wanted, and yet something else was deployed last: what machines are told at their birth, say, Azure shows to nobody.</summary>
    private static ClusterChange Unseen(Blueprint wanted, GroupPlace place) =>
        new(ChangeAction.Deploy, wanted.Group, "Microsoft.Resources/deployments", wanted.Name, "")
        {
            Means = place.Last switch
            {
                { Succeeded: true } last when last.Tags.ContainsKey(Deploying.HashTag) =>
                    "deployed with what Azure does not show, such as what machines are told at their birth; those that run stay as they are until they are reimaged",
                { Succeeded: true } => "deployed again: the last time was not by 'ebb up', and Azure does not show what machines were told at their birth",
                { Ended: true } => "deployed again: the last time did not end well",
                { } => "deployed again: one that was begun elsewhere still runs; its end is waited for, which is enough where it brings just this",
                null => "deployed again: Azure keeps no record of the last time, and does not show what machines were told at their birth",
            },
        };

    /// <summary>What is wanted and not there, by type and name alone.</summary>
    private static IEnumerable<ClusterChange> Missing(Blueprint wanted, GroupPlace place) =>
    [
        .. place.Group is null ? [new ClusterChange(ChangeAction.Create, wanted.Group, "Microsoft.Resources/resourceGroups", wanted.Group, "")] : Array.Empty<ClusterChange>(),
        .. Contents(wanted).Where(change => !place.Has(change.Type, change.Name)),
    ];

    /// <summary>What a template makes in an empty group, as far as it says without being evaluated.</summary>
    private static IEnumerable<ClusterChange> Contents(Blueprint wanted) =>
        from resource in wanted.Reading.Resources
        let type = (string?)resource["type"] ?? ""
        where !type.StartsWith("Microsoft.Authorization/", StringComparison.OrdinalIgnoreCase)
        select new ClusterChange(ChangeAction.Create, wanted.Group, type, wanted.Reading.NameOf(resource), "");
}
