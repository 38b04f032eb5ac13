using System.Globalization;
using Ebb.Sandbox.Cloud;

namespace Ebb.SystemTests.AzureCli;

[Collection(AzCommands.Name)]
public sealed class AzScaleSetTests(AzWorld world)
{
    private static readonly string[] Names = ["--resource-group", AzWorld.Group, "--name", AzWorld.Set];

    [Fact]
    public async Task A_scale_set_is_listed_scaled_restarted_reimaged_stopped_started_and_loses_machines_by_number()
    {
        var az = world.Hybrid;
        Assert.Contains(AzWorld.Set, await az.LinesAsync("[].name", "vmss", "list", "--resource-group", AzWorld.Group));

        await az.RunAsync(["vmss", "scale", .. Names, "--new-capacity", "3"]);
        var numbers = await az.LinesAsync("[].instanceId", ["vmss", "list-instances", .. Names]);
        Assert.Equal(3, numbers.Length);

        var restarted = await world.ChangesAsync(() => az.RunAsync(["vmss", "restart", .. Names, "--instance-ids", numbers[0], numbers[1]]));
        InstanceEvent[] offAndOn = [InstanceEvent.ShuttingDown, InstanceEvent.Stopped, InstanceEvent.PoweredOn, InstanceEvent.Booted];
        Assert.Equal(offAndOn, restarted[Number(numbers[0])]);
        Assert.Equal(offAndOn, restarted[Number(numbers[1])]);
        Assert.Equal(2, restarted.Count);

        // This az asks for the machine, and then for the whole set whatever machine it was told.
        var reimaged = await world.ChangesAsync(() => az.RunAsync(["vmss", "reimage", .. Names, "--instance-id", numbers[1]]));
        Assert.All(numbers, number => Assert.Equal([InstanceEvent.Reimaged, InstanceEvent.PoweredOn, InstanceEvent.Booted], reimaged[Number(number)].TakeLast(3)));
        Assert.Contains(world.Calls, call => call.Path.EndsWith($"/virtualMachines/{numbers[1]}/reimage", StringComparison.OrdinalIgnoreCase));


        await az.RunAsync(["vmss", "stop", .. Names, "--instance-ids", numbers[2]]);
        Assert.Equal(PowerState.Stopped, Machine(numbers[2]).Power);

        await az.RunAsync(["vmss", "deallocate", .. Names, "--instance-ids", numbers[2]]);
        Assert.Equal(PowerState.Deallocated, Machine(numbers[2]).Power);

        await az.RunAsync(["vmss", "start", .. Names, "--instance-ids", numbers[2]]);
        Assert.Equal(PowerState.Running, Machine(numbers[2]).Power);

        await az.RunAsync(["vmss", "delete-instances", .. Names, "--instance-ids", numbers[0]]);
        Assert.Equal(numbers[1..], await az.LinesAsync("[].instanceId", ["vmss", "list-instances", .. Names]));

        await az.RunAsync(["vmss", "update", .. Names, "--set", "tags.ebb-min=2"]);
        Assert.Equal("2", world.Cloud.Find(AzWorld.Group, AzWorld.Set)!.Tags["ebb-min"]);
        await az.RunAsync(["vmss", "scale", .. Names, "--new-capacity", "1"]);
        Assert.Equal(1, world.Cloud.Find(AzWorld.Group, AzWorld.Set)!.Capacity);
    }

    [Fact]
    public async Task The_view_of_a_set_counts_the_states_of_its_machines()
    {
        var view = await world.Hybrid.JsonAsync(["vmss", "get-instance-view", .. Names]);

        Assert.Contains(view["virtualMachine"]!["statusesSummary"]!.AsArray(), s => (string)s!["code"]! == "ProvisioningState/succeeded");
    }

    [Fact]
    public async Task Sizes_and_usages_are_listed()
    {
        var sizes = await world.Hybrid.LinesAsync("[].name", "vm", "list-sizes", "--location", "eastus");
        var usages = await world.Hybrid.LinesAsync("[].name.value", "vm", "list-usage", "--location", "eastus");

        Assert.Contains("Standard_D2s_v3", sizes);
        Assert.Contains("lowPriorityCores", usages);
    }

    // What is said in AzBinary of the newest profile is true of az by itself: nothing of it reaches the face.
    [Theory]
    [InlineData("vmss", "list")]
    [InlineData("vm", "list")]
    [InlineData("network", "public-ip", "list")]
    public async Task What_az_cannot_do_by_itself_it_does_not_even_ask(params string[] command)
    {
        world.Calls.Clear();

        var (code, _, error) = await world.Latest.TryAsync(command);

        Assert.NotEqual(0, code);
        Assert.Contains("Traceback", error, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Calls, c => c.Path.Contains("/providers/", StringComparison.OrdinalIgnoreCase));
    }

    private Instance Machine(string number) => world.Cloud.Find(AzWorld.Group, AzWorld.Set)!.Instances[Number(number)];

    private static int Number(string number) => int.Parse(number, CultureInfo.InvariantCulture);
}
