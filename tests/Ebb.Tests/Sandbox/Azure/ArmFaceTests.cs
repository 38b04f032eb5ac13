using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

public class ArmFaceTests
{
    [Theory]
    [InlineData("?x=1&api-version=", "MissingApiVersionParameter")]
    [InlineData("?api-version=latest", "InvalidApiVersionParameter")]
    [InlineData("?api-version=2024-7-1", "InvalidApiVersionParameter")]
    public async Task A_version_is_required_and_must_be_well_formed(string query, string code)
    {
        using var lab = await FaceLab.StartAsync();

        var answer = await lab.GetAsync("/subscriptions" + query);

        Assert.Equal((400, code), (answer.Code, answer.Error));
    }

    [Theory]
    [InlineData("{", 400, "InvalidRequestContent")]
    [InlineData("[]", 400, "InvalidRequestContent")]
    [InlineData("""{"location":"eastus","location":"eastus"}""", 400, "InvalidRequestContent")]
    [InlineData("{}", 400, "LocationRequired")]
    [InlineData("""{"location":"mars"}""", 400, "LocationNotAvailableForResourceType")]
    [InlineData("""{"location":"eastus","sku":5}""", 400, "InvalidRequestContent")]
    [InlineData("""{"location":"eastus","sku":{"name":"Standard_D2s_v3","capacity":"many"},"properties":{"virtualMachineProfile":{}}}""", 400, "InvalidRequestContent")]
    [InlineData("""{"location":"eastus","sku":{"name":"Standard_D2s_v3","capacity":1e400},"properties":{"virtualMachineProfile":{}}}""", 400, "InvalidRequestContent")]
    [InlineData("""{"location":"eastus","sku":{"name":"Standard_D2s_v3","capacity":-1},"properties":{"virtualMachineProfile":{}}}""", 400, "InvalidParameter")]
    [InlineData("""{"location":"eastus","sku":{"name":"Standard_D2s_v3","capacity":101},"properties":{"virtualMachineProfile":{}}}""", 400, "InvalidParameter")]
    [InlineData("""{"location":"eastus","sku":{"name":"Huge","capacity":1},"properties":{"virtualMachineProfile":{}}}""", 400, "InvalidParameter")]
    [InlineData("""{"location":"eastus","sku":{"name":"Standard_B1s","capacity":1},"properties":{"virtualMachineProfile":{"priority":"Spot"}}}""", 400, "AzureSpotIsNotSupportedForThisVMSize")]
    [InlineData("""{"location":"eastus","sku":{"name":"Standard_D2s_v3","capacity":1},"properties":{"virtualMachineProfile":{"evictionPolicy":"Delete"}}}""", 400, "EvictionPolicyCanBeSetOnlyOnAzureSpotVirtualMachines")]
    [InlineData("""{"location":"eastus","tags":{"a/b":"c"},"sku":{"name":"Standard_D2s_v3","capacity":1},"properties":{"virtualMachineProfile":{}}}""", 400, "InvalidTagNameCharacters")]
    [InlineData("""{"location":"eastus","zones":["9"],"sku":{"name":"Standard_D2s_v3","capacity":1},"properties":{"virtualMachineProfile":{}}}""", 400, "InvalidAvailabilityZone")]
    public async Task A_bad_body_is_refused_and_changes_nothing(string body, int status, string code)
    {
        using var lab = await FaceLab.StartAsync();

        var answer = await lab.PutAsync(lab.Set, body);

        Assert.Equal((status, code), (answer.Code, answer.Error));
        Assert.Null(lab.Cloud.World.Find(Lab.Group, Lab.Set));
    }

    [Fact]
    public async Task A_body_too_large_is_refused()
    {
        using var lab = await FaceLab.StartAsync();

        var answer = await lab.PutAsync(lab.Set, $"{{\"x\":\"{new string('a', 5 << 20)}\"}}");

        Assert.Equal((413, "RequestEntityTooLarge"), (answer.Code, answer.Error));
    }

    [Fact]
    public async Task What_nobody_serves_is_named()
    {
        using var lab = await FaceLab.StartAsync();

        var space = await lab.GetAsync($"{lab.Subscription}/resourceGroups/farm/providers/Microsoft.Nothing/things/x");
        var type = await lab.GetAsync($"{lab.Subscription}/resourceGroups/farm/providers/Microsoft.Compute/things/x");
        var subscription = await lab.GetAsync("/subscriptions/other/resourceGroups");

        Assert.Equal((404, "InvalidResourceNamespace"), (space.Code, space.Error));
        Assert.Equal((404, "InvalidResourceType"), (type.Code, type.Error));
        Assert.Equal((404, "SubscriptionNotFound", "The subscription 'other' could not be found."), (subscription.Code, subscription.Error, subscription.Message));
    }

    [Fact]
    public async Task Subscriptions_tenants_locations_and_providers_are_listed()
    {
        using var lab = await FaceLab.StartAsync();

        var subscription = await lab.GetAsync(lab.Subscription);
        var tenants = await lab.GetAsync("/tenants");
        var locations = await lab.GetAsync($"{lab.Subscription}/locations");
        var provider = await lab.PostAsync($"{lab.Subscription}/providers/microsoft.compute/register");

        Assert.Equal(("Enabled", lab.Cloud.World.Options.TenantId), ((string)subscription.Json["state"]!, (string)subscription.Json["tenantId"]!));
        Assert.Equal(lab.Cloud.World.Options.TenantId, (string)tenants.Json["value"]![0]!["tenantId"]!);
        Assert.Equal("eastus", (string)locations.Json["value"]![0]!["name"]!);
        Assert.Equal(("Microsoft.Compute", "Registered"), ((string)provider.Json["namespace"]!, (string)provider.Json["registrationState"]!));
        Assert.Contains("Microsoft.ManagedIdentity", (await lab.GetAsync($"{lab.Subscription}/providers")).Json["value"]!.AsArray().Select(p => (string)p!["namespace"]!));
    }

    [Fact]
    public async Task A_resource_group_is_made_changed_and_deleted_with_all_in_it()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(2));
        var group = $"{lab.Subscription}/resourcegroups/second";

        var made = await lab.PutAsync(group, """{"location":"East US","tags":{"a":"1"}}""");
        var again = await lab.PutAsync(group, """{"location":"eastus"}""");
        var moved = await lab.PutAsync(group, """{"location":"westus"}""");
        var patched = await lab.SendAsync(HttpMethod.Patch, group, """{"tags":{"b":"2"}}""");
        var head = await lab.SendAsync(HttpMethod.Head, group);
        var deleted = await lab.DeleteAsync($"{lab.Subscription}/resourceGroups/{Lab.Group}");
        var running = await lab.GetAsync(deleted.Headers["Location"]);
        var refused = await lab.PutAsync(lab.Set, """{"location":"eastus","sku":{"capacity":9}}""");
        lab.Cloud.Pass(minutes: 3);
        var done = await lab.GetAsync(deleted.Headers["Location"]);

        Assert.Equal((201, 200, 409, "InvalidResourceGroupLocation"), (made.Code, again.Code, moved.Code, moved.Error));
        Assert.Equal(("2", 204), ((string)patched.Json["tags"]!["b"]!, head.Code));
        Assert.Equal((202, 202, 409, "ResourceGroupBeingDeleted", 200), (deleted.Code, running.Code, refused.Code, refused.Error, done.Code));
        Assert.Equal(404, (await lab.SendAsync(HttpMethod.Head, $"{lab.Subscription}/resourceGroups/{Lab.Group}")).Code);
        Assert.Empty(lab.Cloud.World.ScaleSets);
        Assert.Single((await lab.GetAsync($"{lab.Subscription}/resourceGroups")).Json["value"]!.AsArray());
    }

    [Theory]
    [InlineData("", 2)]
    [InlineData("resourceType eq 'Microsoft.Compute/virtualMachineScaleSets'", 1)]
    [InlineData("resourceType eq 'microsoft.compute/virtualmachinescalesets' and tagName eq 'team' and tagValue eq 'blue'", 1)]
    [InlineData("tagName eq 'team' and tagValue eq 'Blue'", 0)]
    [InlineData("resourceGroup eq 'farm' and name ne 'agents'", 1)]
    [InlineData("substringof('gent', name)", 1)]
    [InlineData("resourceGroup eq 'elsewhere'", 0)]
    public async Task Resources_are_listed_by_filter(string filter, int count)
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1) with { Tags = Lab.Spec().Tags.Add("Team", "blue") });
        lab.Cloud.World.PutAutoscale(Lab.Group, "cpu", AutoscaleSetting.ByCpu(lab.Set, 1, 3));

        var list = await lab.GetAsync($"{lab.Subscription}/resources?$filter={Uri.EscapeDataString(filter)}&$expand=createdTime,provisioningState");

        Assert.Equal(count, list.Json["value"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_filter_that_is_not_understood_is_refused()
    {
        using var lab = await FaceLab.StartAsync();

        var answer = await lab.GetAsync($"{lab.Subscription}/resources?$filter=colour%20eq%20'red'");

        Assert.Equal((400, "InvalidFilterInQueryString"), (answer.Code, answer.Error));
    }

    [Fact]
    public async Task Sizes_are_listed_for_their_location_with_all_values_as_text()
    {
        using var lab = await FaceLab.StartAsync();
        var skus = $"{lab.Subscription}/providers/Microsoft.Compute/skus";

        var here = await lab.GetAsync($"{skus}?$filter=location%20eq%20'eastus'");
        var elsewhere = await lab.GetAsync($"{skus}?$filter=location%20eq%20'westus'");
        var bad = await lab.GetAsync($"{skus}?$filter=name%20eq%20'x'");
        var sizes = await lab.GetAsync($"{lab.Subscription}/providers/Microsoft.Compute/locations/eastus/vmSizes");

        var gpu = here.Json["value"]!.AsArray().Single(s => (string)s!["name"]! == "Standard_NC4as_T4_v3")!;
        var capabilities = gpu["capabilities"]!.AsArray().ToDictionary(c => (string)c!["name"]!, c => (string)c!["value"]!);
        Assert.Equal(("4", "28", "1", "True"), (capabilities["vCPUs"], capabilities["MemoryGB"], capabilities["GPUs"], capabilities["LowPriorityCapable"]));
        Assert.Empty(elsewhere.Json["value"]!.AsArray());
        Assert.Equal(400, bad.Code);
        Assert.Contains(sizes.Json["value"]!.AsArray(), s => (string)s!["name"]! == "Standard_B1s" && (int)s["memoryInMB"]! == 1024);
    }

    [Fact]
    public async Task Usage_counts_what_exists()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(3));

        var usages = await lab.GetAsync($"{lab.Subscription}/providers/Microsoft.Compute/locations/eastus/usages");

        var values = usages.Json["value"]!.AsArray().ToDictionary(u => (string)u!["name"]!["value"]!, u => (int)u!["currentValue"]!);
        Assert.Equal((6, 6, 0, 3), (values["cores"], values["standardDSv3Family"], values["lowPriorityCores"], values["virtualMachines"]));
        Assert.Equal("Total Regional vCPUs", (string)usages.Json["value"]![0]!["name"]!["localizedValue"]!);
    }

    [Fact]
    public async Task Autoscale_settings_are_put_read_listed_and_deleted()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        var path = $"{lab.Subscription}/resourcegroups/farm/providers/Microsoft.Insights/autoscalesettings/cpu";
        var body = AutoscaleSetting.ByCpu(lab.Set, 1, 3).ToJsonString();

        var made = await lab.PutAsync(path, body);
        var again = await lab.PutAsync(path, body);
        var read = await lab.GetAsync(path);
        var list = await lab.GetAsync($"{lab.Subscription}/resourcegroups/farm/providers/Microsoft.Insights/autoscalesettings");
        lab.Cloud.World.CpuPercent = _ => 95;
        lab.Cloud.Pass(minutes: 12);
        var deleted = await lab.DeleteAsync(path);
        var gone = await lab.DeleteAsync(path);

        Assert.Equal((201, 200, 200, 204), (made.Code, again.Code, deleted.Code, gone.Code));
        Assert.Equal(("cpu", "3"), ((string)read.Json["properties"]!["name"]!, (string)read.Json["properties"]!["profiles"]![0]!["capacity"]!["maximum"]!));
        Assert.Single(list.Json["value"]!.AsArray());
        Assert.Equal(3, lab.Cloud.Current.Capacity);
        Assert.Equal(404, (await lab.GetAsync(path)).Code);
    }

    [Fact]
    public async Task Metrics_show_the_average_of_the_running_machines_by_the_minute()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(2));
        lab.Cloud.World.CpuPercent = i => i.Number == 0 ? 20 : 60;
        lab.Cloud.Pass(minutes: 3.5);

        var metrics = await lab.GetAsync($"{lab.Set}/providers/Microsoft.Insights/metrics?api-version=2018-01-01&metricnames=Percentage%20CPU&interval=PT1M&aggregation=Average,Maximum");
        var wrong = await lab.GetAsync($"{lab.Set}/providers/Microsoft.Insights/metrics?api-version=2018-01-01&metricnames=Heat");

        var data = metrics.Json["value"]![0]!["timeseries"]![0]!["data"]!.AsArray();
        Assert.Equal(3, data.Count);
        Assert.Equal((40, 60), ((double)data[0]!["average"]!, (double)data[0]!["maximum"]!));
        Assert.Equal(400, wrong.Code);
    }

    [Fact]
    public async Task Machines_outside_scale_sets_are_none()
    {
        using var lab = await FaceLab.StartAsync();

        Assert.Equal("""{"value":[]}""", (await lab.GetAsync($"{lab.Subscription}/resourceGroups/farm/providers/Microsoft.Compute/virtualMachines")).Text);
    }
}
