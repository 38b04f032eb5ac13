using System.Collections.Immutable;
using System.Net;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>Everything that would stop a cluster half-way is found before its first resource is made.</summary>
public sealed partial class PreflightTests : IDisposable
{
    private CloudCase _case = new();

    [Fact]
    public void Where_all_is_well_there_is_nothing_to_say_and_nothing_is_written()
    {
        var report = _case.Check();

        Assert.Empty(report.Problems);
        Assert.Empty(report.ToRegister);
        Assert.Empty(_case.Wire.Writes);
    }

    [Fact]
    public void A_region_that_the_subscription_does_not_have()
    {
        var problem = Only(_case.Check(CloudCase.Starter.Replace("eastus", "eastsu", StringComparison.Ordinal)));

        Assert.Contains("no region 'eastsu'", problem, StringComparison.Ordinal);
        Assert.Contains("eastus", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_size_that_there_is_not_and_those_that_are_nearest()
    {
        var problem = Only(_case.Check(CloudCase.Starter.Replace("Standard_D4s_v5", "Standard_D4s_v6", StringComparison.Ordinal)));

        Assert.Contains("Pool 'agents' asks for size 'Standard_D4s_v6'", problem, StringComparison.Ordinal);
        Assert.Contains("Standard_D4s_v5", problem, StringComparison.Ordinal);
        Assert.Contains("pools[0].size", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_size_that_this_subscription_does_not_get()
    {
        _case.Wire.Answer("/skus", HttpStatusCode.OK, Skus("""[{"type":"Location","values":["eastus"],"reasonCode":"NotAvailableForSubscription"}]"""));

        Assert.Contains(_case.Check().Problems, p => p.Contains("does not get", StringComparison.Ordinal) && p.Contains("NotAvailableForSubscription", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("V1", true)]
    [InlineData("V1,V2", false)]
    [InlineData("V2", false)]
    public void A_size_that_does_not_start_the_image(string generations, bool refused)
    {
        _case.Wire.Answer("/skus", HttpStatusCode.OK, Skus("[]", $$"""{"name":"HyperVGenerations","value":"{{generations}}"}"""));

        Assert.Equal(refused, _case.Check().Problems.Any(p => p.Contains("only images of the first generation", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_zone_in_which_the_size_is_not_to_be_had()
    {
        _case.Wire.Answer("/skus", HttpStatusCode.OK, Skus("""[{"type":"Zone","values":["eastus"],"restrictionInfo":{"locations":["eastus"],"zones":["3"]},"reasonCode":"NotAvailableForSubscription"}]"""));

        var problems = _case.Check(CloudCase.Starter + "\n    zones: [1, 3]").Problems;

        Assert.Contains(problems, p => p.Contains("in zone 3", StringComparison.Ordinal) && p.Contains("it gets it in 1, 2", StringComparison.Ordinal));
    }

    [Fact]
    public void A_control_plane_of_Arm_machines()
    {
        Assert.Contains("whose processor is of kind arm64", Only(_case.Check(CloudCase.Starter + "\ncontrolPlane: {size: Standard_D4ps_v5}")), StringComparison.Ordinal);
        Assert.Empty(_case.Check(CloudCase.Starter.Replace("Standard_D4s_v5", "Standard_D4ps_v5", StringComparison.Ordinal)).Problems);
    }

    [Fact]
    public void A_size_that_is_not_sold_as_spot()
    {
        _case.Wire.Answer("/skus", HttpStatusCode.OK, Skus("[]", spot: false));

        Assert.Contains("only as regular ones", Only(_case.Check()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_quota_that_leaves_no_room_for_the_control_plane()
    {
        _case = With(("cores", 1));

        var problem = Only(_case.Check());

        Assert.Contains("the control plane need 2 cores of quota 'cores' in 'eastus' at once, and 1 of 1 are left", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Three_machines_share_one_public_address_and_that_has_to_be_left()
    {
        const string Three = $"{CloudCase.Starter}\ncontrolPlane:\n  machines: 3\n";
        using var one = With(("PublicIPAddresses", 1));
        using var none = With(("PublicIPAddresses", 0));

        Assert.Empty(one.Check(Three).Problems);
        Assert.Contains("needs a public address in 'eastus'; quota PublicIPAddresses leaves none of 0", Assert.Single(none.Check(Three).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_quota_of_spot_cores_that_leaves_no_room_for_the_least_machines()
    {
        _case = With(("lowPriorityCores", 3));

        Assert.Contains("pool 'agents' need 4 cores of quota 'lowPriorityCores'", Only(_case.Check()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_quota_that_will_be_too_small_one_day_is_only_a_warning()
    {
        _case = With(("lowPriorityCores", 20));

        var report = _case.Check();

        Assert.Empty(report.Problems);
        Assert.Contains("leaves room for 5 at most", Assert.Single(report.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pool_is_not_deleted_for_one_that_the_quota_leaves_no_room_for()
    {
        _case = With(("cores", 12));
        _case.Up();
        _case.World.SetCapacity("farm-compute", "agents", 3);
        _case.Do(() => Task.Delay(TimeSpan.FromMinutes(5), _case.Time));

        Assert.Empty(_case.Check().Problems);
        Assert.Contains("pool 'agents' need 12 cores of quota 'cores' in 'eastus' at once, and 10 of 12 are left", Only(_case.Check(CloudCase.Starter.Replace("spot", "regular", StringComparison.Ordinal))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, "debian-12", "pool 'agents' need 12 cores of quota 'standardDSv3Family' in 'eastus' at once, and 8 of 8 are left")]
    [InlineData(12, "debian-12", null)]
    [InlineData(8, null, null)]
    public void A_pool_that_is_made_anew_in_another_size_needs_room_for_all_of_its_machines(int family, string? image, string? problem)
    {
        var regular = CloudCase.Starter.Replace("spot", "regular", StringComparison.Ordinal);
        var changed = regular.Replace("Standard_D4s_v5", "Standard_D4s_v3", StringComparison.Ordinal) + (image is null ? "" : $"\noptions: {{image: {image}}}\n");
        _case = With(("cores", 14), ("standardDSv3Family", family));
        _case.Up(regular);
        _case.World.SetCapacity("farm-compute", "agents", 3);
        _case.Do(() => Task.Delay(TimeSpan.FromMinutes(5), _case.Time));
        _case.Wire.Calls.Clear();

        var refused = Record.Exception(() => _case.Up(changed));

        if (problem is null)
        {
            Assert.Null(refused);
            Assert.Equal(("Standard_D4s_v3", 3), (_case.World.Find("farm-compute", "agents")!.Size, _case.World.Find("farm-compute", "agents")!.Capacity));
            return;
        }

        Assert.Contains(problem, Assert.IsType<EbbException>(refused).Message, StringComparison.Ordinal);
        Assert.Contains("fewer machines", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_case.Wire.Writes);
    }

    [Fact]
    public void A_quota_that_is_too_small_for_all_machines_that_a_pool_falls_back_on_is_a_warning()
    {
        _case = With(("cores", 10));

        var report = _case.Check(CloudCase.Starter.Replace("spot", "spot-then-regular", StringComparison.Ordinal));

        Assert.Empty(report.Problems);
        Assert.Contains("may have 10 regular machines, and quota 'cores' leaves room for 2 at most", Assert.Single(report.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void The_name_of_a_storage_account_that_is_taken()
    {
        _case.Wire.Answer("checkNameAvailability", HttpStatusCode.OK, """{"nameAvailable":false,"reason":"AlreadyExists","message":"The storage account named x is already taken."}""");

        Assert.Equal(2, _case.Check().Problems.Count(p => p.Contains("is taken", StringComparison.Ordinal)));
        Assert.Contains(
            _case.Check(CloudCase.Starter + "\nstorage:\n  account: tidalfarm").Problems,
            p => p.Contains("'tidalfarm' is taken", StringComparison.Ordinal) && p.Contains("storage.account", StringComparison.Ordinal));
    }

    [Fact]
    public void A_name_in_DNS_that_is_taken()
    {
        _case.Wire.Answer("CheckDnsNameAvailability", HttpStatusCode.OK, """{"available":false}""");

        Assert.Contains("network.dnsLabel", Only(_case.Check()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_in_DNS_is_the_cluster_s_own_or_has_to_be_free_also_where_there_is_a_cluster()
    {
        _case.Up();
        _case.Wire.Answer("CheckDnsNameAvailability", HttpStatusCode.OK, """{"available":false}""");

        Assert.Empty(_case.Check().Problems);
        Assert.Contains("network.dnsLabel", Only(_case.Check(CloudCase.Starter + "\nnetwork: {dnsLabel: taken}")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_provider_that_was_never_used_is_to_be_registered()
    {
        _case.Wire.Answer("GET /subscriptions/" + _case.World.Options.SubscriptionId + "/providers/Microsoft.ManagedIdentity?", HttpStatusCode.OK, """{"namespace":"Microsoft.ManagedIdentity","registrationState":"NotRegistered"}""");

        var report = _case.Check();

        Assert.Empty(report.Problems);
        Assert.Equal(["Microsoft.ManagedIdentity"], report.ToRegister);
    }

    [Fact]
    public void A_group_of_another_cluster_is_left_alone()
    {
        _case.World.PutResourceGroup("farm-compute", "eastus", ImmutableSortedDictionary<string, string>.Empty.Add("ebb-cluster", "other"));

        Assert.Contains("belongs to cluster 'other'", Only(_case.Check()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_group_with_others_things_in_it_is_left_alone_and_an_empty_one_is_taken()
    {
        _case.World.PutResourceGroup("farm-compute", "eastus", null);
        Assert.Empty(_case.Check().Problems);
        _case.World.CreateOrUpdateScaleSet("farm-compute", "theirs", new ScaleSetSpec { Size = "Standard_D2s_v5", Capacity = 0 }.ToModel("eastus"));

        Assert.Contains("is not Ebb's", Only(_case.Check()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_group_in_another_region_cannot_move()
    {
        _case.World.PutResourceGroup("farm-storage", "westeurope", null);

        Assert.Contains("cannot move to 'eastus'", Only(_case.Check()), StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_is_wrong_is_said_together_and_exit_code_2_says_that_nothing_was_made()
    {
        _case = With(("cores", 1));
        var yaml = CloudCase.Starter.Replace("Standard_D4s_v5", "Standard_X", StringComparison.Ordinal);

        var e = Assert.Throws<EbbException>(() => _case.Plan(yaml));

        Assert.Contains("nothing has been made:\n  - ", e.Message, StringComparison.Ordinal);
        Assert.Contains("Standard_X", e.Message, StringComparison.Ordinal);
        Assert.Contains("quota 'cores'", e.Message, StringComparison.Ordinal);
        Assert.Empty(_case.Wire.Writes);
    }

    [Fact]
    public void Whoever_makes_no_machine_is_not_kept_from_anything_by_a_quota_and_waits_for_no_comparison()
    {
        _case = With(("cores", 1));

        var plan = _case.Do(() => new ClusterPlanner(CloudCase.File(), _case.Cloud).PlanInPlaceAsync(CloudCase.Inputs, CancellationToken.None));

        Assert.Contains("quota 'cores'", Only(plan.Preflight), StringComparison.Ordinal);
        Assert.NotEmpty(plan.Inputs.Sizes);
        Assert.DoesNotContain(_case.Wire.Calls, call => call.Contains("whatIf", StringComparison.OrdinalIgnoreCase));
    }

    public void Dispose() => _case.Dispose();

    private static string Only(PreflightReport report) => Assert.Single(report.Problems);

    private static CloudCase With(params (string Name, int Limit)[] quotas) => new(new Ebb.Sandbox.Cloud.CloudOptions
    {
        Quotas = quotas.ToImmutableSortedDictionary(q => q.Name, q => q.Limit, StringComparer.OrdinalIgnoreCase),
    });

    private static string Skus(string restrictions, bool spot = true) => Skus(restrictions, $$"""{"name":"LowPriorityCapable","value":"{{spot}}"}""");

    private static string Skus(string restrictions, string capability) => $$"""
        {"value":[
        {"resourceType":"virtualMachines","name":"Standard_B2ms","family":"standardBSFamily","locationInfo":[{"location":"eastus","zones":["1","2","3"]}],
         "capabilities":[{"name":"vCPUs","value":"2"},{"name":"MemoryGB","value":"8"}],"restrictions":[]},
        {"resourceType":"virtualMachines","name":"Standard_D4s_v5","family":"standardDSv5Family","locationInfo":[{"location":"eastus","zones":["1","2","3"]}],
         "capabilities":[{"name":"vCPUs","value":"4"},{"name":"MemoryGB","value":"16"},{{capability}}],"restrictions":{{restrictions}}}]}
        """;
}
