using Ebb.Sandbox.Cloud;

namespace Ebb.SystemTests.AzureCli;

/// <summary>Machines that stand alone, and what goes with them, as az makes and orders them.</summary>
[Collection(AzCommands.Name)]
public sealed class AzMachineTests(AzWorld world)
{
    [Fact]
    public async Task A_machine_is_made_ordered_about_and_deleted()
    {
        var az = world.Hybrid;
        var key = world.Write("key.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEbbEbbEbbEbbEbbEbbEbbEbbEbbEbbEbbEbbEbbEbbE test\n");
        await world.Latest.RunAsync("group", "create", "--name", "az-machines", "--location", world.Cloud.Options.Location);
        string[] which = ["--resource-group", "az-machines", "--name", "solo"];

        var made = await az.JsonAsync(
            ["vm", "create", .. which, "--image", "Debian:debian-12:12-gen2:latest", "--size", "Standard_D2s_v3", "--admin-username", "cluster", "--ssh-key-values", key, "--public-ip-sku", "Standard"]);
        var listed = await az.LinesAsync("[].name", "vm", "list", "--resource-group", "az-machines");
        var running = await PowerAsync(az, which);
        await az.RunAsync(["vm", "stop", .. which]);
        var stopped = await PowerAsync(az, which);
        var started = await world.ChangesAsync(() => az.RunAsync(["vm", "start", .. which]));
        var restarted = await world.ChangesAsync(() => az.RunAsync(["vm", "restart", .. which]));
        await az.RunAsync(["vm", "deallocate", .. which]);
        var deallocated = await PowerAsync(az, which);
        await az.RunAsync(["vm", "update", .. which, "--set", "tags.team=blue"]);
        var tags = await az.LinesAsync("tags.team", ["vm", "show", .. which]);
        var disks = await az.LinesAsync("[].name", "disk", "list", "--resource-group", "az-machines");
        await az.RunAsync(["vm", "delete", .. which, "--yes"]);
        var left = await az.LinesAsync("[].name", "vm", "list", "--resource-group", "az-machines");
        await world.Latest.RunAsync("group", "delete", "--name", "az-machines", "--yes");

        Assert.Equal("VM running", (string)made["powerState"]!);
        Assert.NotEmpty((string)made["privateIpAddress"]!);
        Assert.Equal(["solo"], listed);
        Assert.Equal(("PowerState/running", "PowerState/stopped", "PowerState/deallocated"), (running, stopped, deallocated));
        Assert.Equal([InstanceEvent.PoweredOn, InstanceEvent.Booted], Assert.Single(started));
        Assert.Equal([InstanceEvent.ShuttingDown, InstanceEvent.Stopped, InstanceEvent.PoweredOn, InstanceEvent.Booted], Assert.Single(restarted));
        Assert.Equal(["blue"], tags);
        Assert.Single(disks);
        Assert.Empty(left);
        Assert.Equal("false", (await world.Latest.RunAsync("group", "exists", "--name", "az-machines")).Trim());
    }

    [Fact]
    public async Task Sizes_images_and_quotas_are_listed()
    {
        var az = world.Hybrid;
        var location = world.Cloud.Options.Location;

        var sizes = await az.LinesAsync("[].name", "vm", "list-sizes", "--location", location);
        var skus = await az.LinesAsync("[].name", "vm", "list-skus", "--location", location);
        var publishers = await az.LinesAsync("[].name", "vm", "image", "list-publishers", "--location", location);
        var images = await az.LinesAsync("[].version", "vm", "image", "list", "--all", "--publisher", "Debian", "--offer", "debian-12", "--location", location);
        var usage = await az.LinesAsync("[].name.value", "vm", "list-usage", "--location", location);

        Assert.Contains("Standard_D2s_v3", sizes);
        Assert.Contains("Standard_D2s_v3", skus);
        Assert.Contains("Canonical", publishers);
        Assert.NotEmpty(images);
        Assert.Contains("cores", usage);
    }

    [Fact]
    public async Task Availability_sets_and_disks_are_made_and_deleted()
    {
        var az = world.Hybrid;

        var set = await az.JsonAsync("vm", "availability-set", "create", "--resource-group", AzWorld.Group, "--name", "masters", "--platform-fault-domain-count", "2");
        await az.RunAsync("disk", "create", "--resource-group", AzWorld.Group, "--name", "data", "--size-gb", "8", "--sku", "Standard_LRS");
        var disks = await az.LinesAsync("[].name", "disk", "list", "--resource-group", AzWorld.Group);
        await az.RunAsync("disk", "delete", "--resource-group", AzWorld.Group, "--name", "data", "--yes");
        await az.RunAsync("vm", "availability-set", "delete", "--resource-group", AzWorld.Group, "--name", "masters");

        Assert.Equal(2, (int)set["platformFaultDomainCount"]!);
        Assert.Contains("data", disks);
    }

    [Fact]
    public async Task Roles_locks_tags_resources_and_the_activity_log_are_found()
    {
        var az = world.Latest;

        // `az role definition list` breaks down in this package before it asks anything; `az rest` is what remains.
        var role = await az.LinesAsync(
            "value[].properties.roleName", "rest", "--method", "get", "--resource", world.Endpoint.ToString(), "--url",
            $"{world.Endpoint}subscriptions/{world.Subscription}/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01&$filter=roleName eq 'Reader'");
        await az.RunAsync("lock", "create", "--name", "held", "--resource-group", AzWorld.Group, "--lock-type", "CanNotDelete");
        var (code, _, error) = await az.TryAsync("group", "delete", "--name", AzWorld.Group, "--yes");
        var locks = await az.LinesAsync("[].name", "lock", "list", "--resource-group", AzWorld.Group);
        await az.RunAsync("lock", "delete", "--name", "held", "--resource-group", AzWorld.Group);
        await az.RunAsync("tag", "update", "--operation", "merge", "--resource-id", $"/subscriptions/{world.Subscription}/resourceGroups/{AzWorld.Group}", "--tags", "team=green");
        var group = await az.LinesAsync("tags.team", "group", "show", "--name", AzWorld.Group);
        var resources = await az.LinesAsync("[].name", "resource", "list", "--resource-group", AzWorld.Group);
        var log = await az.JsonAsync("monitor", "activity-log", "list", "--resource-group", AzWorld.Group, "--offset", "1h", "--max-events", "20");
        var provider = await az.LinesAsync("registrationState", "provider", "show", "--namespace", "Microsoft.Compute");

        Assert.Equal(["Reader"], role);
        Assert.NotEqual(0, code);
        Assert.Contains("ScopeLocked", error, StringComparison.Ordinal);
        Assert.Contains("held", locks);
        Assert.Equal(["green"], group);
        Assert.Contains(AzWorld.Set, resources);
        Assert.Contains(log.AsArray(), e => (string)e!["operationName"]!["value"]! == "Microsoft.Authorization/locks/write");
        Assert.Equal(["Registered"], provider);
    }

    private static async Task<string> PowerAsync(AzBinary az, string[] which) => (await az.LinesAsync(
        "instanceView.statuses[?starts_with(code, 'PowerState/')].code", ["vm", "get-instance-view", .. which]))[0];
}
