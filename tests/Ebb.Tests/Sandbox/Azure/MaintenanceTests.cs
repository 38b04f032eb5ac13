using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

/// <summary>Maintenance of hosts, as machines hear of it and feel it.</summary>
public class MaintenanceTests
{
    private const string Path = "scheduledevents?api-version=2020-07-01";

    [Fact]
    public async Task A_freeze_is_announced_to_all_machines_of_the_set_begins_in_time_and_costs_nothing()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(2));
        var before = lab.Cloud.Changes.Count;
        lab.Cloud.World.Maintain(Lab.Group, Lab.Set, ["1"], Maintenance.Freeze);

        var announced = await EventsAsync(lab);
        lab.Cloud.Time.Advance(TimeSpan.FromMinutes(15));
        var begun = await EventsAsync(lab);
        lab.Cloud.Time.Advance(TimeSpan.FromSeconds(9));
        var over = await EventsAsync(lab);

        var e = announced["Events"]![0]!;
        Assert.Equal(("Freeze", "Scheduled", "Thu, 01 Jan 2026 00:18:00 GMT", 9), ((string?)e["EventType"], (string?)e["EventStatus"], (string?)e["NotBefore"], (int)e["DurationInSeconds"]!));
        Assert.Equal(["agents_1"], e["Resources"]!.AsArray().Select(name => (string?)name));
        Assert.Equal(("Started", ""), ((string?)begun["Events"]![0]!["EventStatus"], (string?)begun["Events"]![0]!["NotBefore"]));
        Assert.Empty(over["Events"]!.AsArray());
        Assert.Equal((2, 3, 4), (Incarnation(announced), Incarnation(begun), Incarnation(over)));
        Assert.Equal(before, lab.Cloud.Changes.Count);
    }

    [Fact]
    public async Task A_reboot_that_is_acknowledged_comes_at_once_and_the_machine_is_back_with_its_disk()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        var id = lab.Cloud.World.Maintain(Lab.Group, Lab.Set, null, Maintenance.Reboot).Value;

        var answer = await lab.MetadataAsync(Path, HttpMethod.Post, $$"""{"StartRequests":[{"EventId":"{{id}}"}]}""");
        var power = lab.Cloud.Current.Instances[0].Power;
        var begun = await EventsAsync(lab);
        lab.Cloud.Pass(minutes: 3);

        Assert.Equal(200, answer.Code);
        Assert.Equal((PowerState.Stopping, "Started"), (power, (string?)begun["Events"]![0]!["EventStatus"]));
        Assert.Equal([InstanceEvent.ShuttingDown, InstanceEvent.Stopped, InstanceEvent.PoweredOn, InstanceEvent.Booted], lab.Cloud.EventsOf(0).TakeLast(4));
        Assert.Empty((await EventsAsync(lab))["Events"]!.AsArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_move_to_another_host_takes_the_disk_along_only_where_it_is_not_the_host_s(bool ephemeral)
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1) with { Size = "Standard_D4s_v3", EphemeralDisk = ephemeral });
        lab.Cloud.World.Maintain(Lab.Group, Lab.Set, null, Maintenance.Redeploy);

        lab.Cloud.Pass(minutes: 9.9);
        var soon = lab.Cloud.Current.Instances[0].Power;
        lab.Cloud.Pass(minutes: 3);

        Assert.Equal(PowerState.Running, soon);
        Assert.Equal(ephemeral, lab.Cloud.EventsOf(0).Contains(InstanceEvent.Reimaged));
        Assert.Equal(InstanceEvent.Booted, lab.Cloud.EventsOf(0).Last());
    }

    [Fact]
    public async Task The_sandbox_s_owner_announces_maintenance_and_calls_it_off()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(2));

        var announced = await lab.PostAsync("/sandbox/events", $$"""{"resource":"{{lab.Set}}","type":"reboot","notice":"PT30S"}""");
        var seen = await EventsAsync(lab);
        var off = await lab.DeleteAsync($"/sandbox/events/{announced.Json["eventId"]}?resource={Uri.EscapeDataString(lab.Set)}");
        var again = await lab.DeleteAsync($"/sandbox/events/{announced.Json["eventId"]}?resource={Uri.EscapeDataString(lab.Set)}");
        lab.Cloud.Pass(minutes: 1);

        Assert.Equal((201, 204, 404), (announced.Code, off.Code, again.Code));
        Assert.Equal(["agents_0", "agents_1"], seen["Events"]![0]!["Resources"]!.AsArray().Select(name => (string?)name));
        Assert.DoesNotContain(InstanceEvent.ShuttingDown, lab.Cloud.EventsOf(0));
        Assert.Empty((await EventsAsync(lab))["Events"]!.AsArray());
    }

    [Theory]
    [InlineData("""{"type":"Reboot"}""", 400)]
    [InlineData("""{"resource":"/subscriptions/x","type":"Reboot"}""", 400)]
    [InlineData("""{"resource":"SET","type":"Explode"}""", 400)]
    [InlineData("""{"resource":"SET","type":"7"}""", 400)]
    [InlineData("""{"resource":"SET","type":"Freeze","notice":"soon"}""", 400)]
    [InlineData("""{"resource":"SET","type":"Freeze","notice":"-PT1S"}""", 400)]
    [InlineData("""{"resource":"SET/virtualMachines/99","type":"Freeze"}""", 400)]
    [InlineData("""{"resource":"SETx","type":"Freeze"}""", 404)]
    public async Task Maintenance_of_nothing_or_of_no_known_kind_is_refused(string body, int status)
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));

        Assert.Equal(status, (await lab.PostAsync("/sandbox/events", body.Replace("SET", lab.Set, StringComparison.Ordinal))).Code);
        lab.Token = "";
        Assert.Equal(401, (await lab.PostAsync("/sandbox/events", body)).Code);
    }

    [Fact]
    public async Task Older_versions_of_the_service_know_less()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1) with { Priority = Priority.Spot });
        lab.Cloud.World.Maintain(Lab.Group, Lab.Set, null, Maintenance.Freeze);
        lab.Cloud.World.SimulateEviction(Lab.Group, Lab.Set, "0");

        var first = await lab.MetadataAsync("scheduledevents?api-version=2017-03-01");
        var later = await lab.MetadataAsync("scheduledevents?api-version=2017-11-01");

        Assert.Equal("_agents_0", (string?)Assert.Single(first.Json["Events"]!.AsArray())!["Resources"]![0]);
        Assert.Equal(["Freeze", "Preempt"], later.Json["Events"]!.AsArray().Select(e => (string?)e!["EventType"]));
        Assert.Null(later.Json["Events"]![0]!["Description"]);
    }

    [Fact]
    public void Chance_maintenance_comes_at_its_rate_and_the_machines_outlive_it()
    {
        using var lab = new Lab(new CloudOptions { MaintenancePerHour = 1 });
        lab.Have(Lab.Spec(20));

        lab.Pass(minutes: 180);

        var struck = lab.Changes.Count(c => c.Event == InstanceEvent.ShuttingDown);
        Assert.InRange(struck, 10, 80);
        Assert.Equal(20, lab.Current.Instances.Count);
    }

    private static async Task<JsonNode> EventsAsync(FaceLab lab) => (await lab.MetadataAsync(Path)).Json;

    private static int Incarnation(JsonNode document) => (int)document["DocumentIncarnation"]!;
}
