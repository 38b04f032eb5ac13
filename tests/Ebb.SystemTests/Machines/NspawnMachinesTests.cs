using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Machines.Nspawn;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.Machines;

/// <summary>Real machines: a Debian that boots, with the cloud-init that Debian ships.</summary>
[Collection(RealSandbox.Collection)]
public sealed class NspawnMachinesTests(MachineWorld world) : IClassFixture<MachineWorld>
{
    // Counts boots, notes what the machine sees of itself, and notes when it is shut down in order.
    private const string UserData = """
        #cloud-config
        write_files:
          - path: /etc/written
            content: by cloud-init
          - path: /etc/systemd/system/farewell.service
            content: |
              [Service]
              Type=oneshot
              RemainAfterExit=yes
              ExecStart=/bin/true
              ExecStop=/bin/sh -c 'echo farewell >> /var/farewells; sync'
              [Install]
              WantedBy=multi-user.target
        bootcmd:
          - echo boot >> /var/boots
        runcmd:
          - systemctl enable --now farewell.service
          - hostname > /var/hostname
          - nproc > /var/nproc; head -n 1 /proc/meminfo > /var/memory; ls -d /sys/devices/system/node/node0/cpu[0-9]* > /var/cpus
          - cp /proc/sys/vm/overcommit_memory /var/overcommit
          - curl -sS --retry 5 -H Metadata:true 'http://169.254.169.254/metadata/instance/compute/name?api-version=2021-02-01&format=text' > /var/metadata
          - echo $INSTANCE_ID > /var/instance; echo done >> /var/runs
        """;

    [Fact]
    public async Task A_machine_runs_cloud_init_with_the_user_data_of_its_scale_set_and_sees_its_own_metadata()
    {
        await MachineRoot.RequireAsync();
        var set = await world.CreateAsync("boots", UserData, capacity: 2);

        foreach (var machine in set.Instances.Values)
        {
            Assert.Empty(await world.CloudInitErrorsAsync(machine));
            Assert.Equal("by cloud-init", world.Read(machine, "/etc/written"));
            Assert.Equal(machine.ComputerName, world.Read(machine, "/var/hostname")!.Trim());
            Assert.Equal(machine.Name, world.Read(machine, "/var/metadata"));
        }
    }

    [Fact]
    public async Task A_machine_has_the_size_that_the_cloud_sold_and_leaves_the_host_s_kernel_as_it_is()
    {
        await MachineRoot.RequireAsync();
        var before = await File.ReadAllTextAsync("/proc/sys/vm/overcommit_memory", TestContext.Current.CancellationToken);
        var set = await world.CreateAsync("sized", UserData);
        var machine = set.Instances.Values.Single();

        await world.CloudInitErrorsAsync(machine);

        // Standard_B2s: 2 processors and 4 GiB, of which firmware keeps a little.
        Assert.Equal(2, world.Read(machine, "/var/cpus")!.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains($"{(long)(4 * (1 << 20) * 0.978) / 4 * 4} kB", world.Read(machine, "/var/memory"));
        Assert.Equal("1", world.Read(machine, "/var/overcommit")!.Trim());
        Assert.Equal(before, await File.ReadAllTextAsync("/proc/sys/vm/overcommit_memory", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_machine_keeps_its_disk_over_a_stop_and_is_as_new_after_a_reimage()
    {
        await MachineRoot.RequireAsync();
        var set = await world.CreateAsync("stops", UserData);
        var machine = set.Instances.Values.Single();
        await world.CloudInitErrorsAsync(machine);

        world.Cloud.PowerOff(MachineWorld.Group, "stops", null);
        await MachineWorld.UntilAsync("it is off", () => Now(machine).Power == PowerState.Stopped && !world.ControlGroups().Any(g => g.Contains("stops")));

        Assert.Equal("farewell", world.Read(machine, "/var/farewells")!.Trim());

        world.Cloud.Start(MachineWorld.Group, "stops", null);
        await MachineWorld.UntilAsync("it booted again", () => world.Read(machine, "/var/boots")?.Split('\n').Length == 3);

        // cloud-init runs commands once for an instance, and this is the same one.
        Assert.Equal("done", world.Read(machine, "/var/runs")!.Trim());
        var first = world.Read(machine, "/var/lib/cloud/data/instance-id");

        world.Update("stops", UserData.Replace("by cloud-init", "by another", StringComparison.Ordinal));
        world.Cloud.Upgrade(MachineWorld.Group, "stops", null);
        world.Cloud.Reimage(MachineWorld.Group, "stops", null);
        await MachineWorld.UntilAsync("it has another disk", () => world.Read(machine, "/etc/written") == "by another");
        await world.CloudInitErrorsAsync(machine);

        Assert.Equal("boot", world.Read(machine, "/var/boots")!.Trim());
        Assert.NotEqual(first, world.Read(machine, "/var/lib/cloud/data/instance-id"));
        Assert.Null(world.Read(machine, "/var/farewells"));
    }

    [Fact]
    public async Task A_machine_that_reboots_by_itself_comes_up_again_with_its_disk()
    {
        await MachineRoot.RequireAsync();
        var set = await world.CreateAsync("reboots", UserData + "\n  - test -e /var/rebooted || { touch /var/rebooted; systemctl reboot; }\n");
        var machine = set.Instances.Values.Single();

        await MachineWorld.UntilAsync("it booted again", () => world.Read(machine, "/var/boots")?.Split('\n').Length == 3);

        Assert.Equal(PowerState.Running, Now(machine).Power);
        Assert.Equal("farewell", world.Read(machine, "/var/farewells")!.Trim());
    }

    [Fact]
    public async Task A_machine_whose_power_is_cut_does_not_say_farewell()
    {
        await MachineRoot.RequireAsync();
        var set = await world.CreateAsync("cut", UserData);
        var machine = set.Instances.Values.Single();
        await world.CloudInitErrorsAsync(machine);

        world.Cloud.PowerOff(MachineWorld.Group, "cut", null, skipShutdown: true);
        await MachineWorld.UntilAsync("it is off", () => !world.ControlGroups().Any(g => g.Contains("cut")));

        Assert.Null(world.Read(machine, "/var/farewells"));
    }

    [Fact]
    public async Task A_machine_comes_up_again_though_the_kernel_has_not_yet_taken_its_interface_away()
    {
        await MachineRoot.RequireAsync();
        var set = await world.CreateAsync("again", UserData);
        var machine = set.Instances.Values.Single();
        await world.CloudInitErrorsAsync(machine);
        world.Cloud.PowerOff(MachineWorld.Group, "again", null, skipShutdown: true);
        await MachineWorld.UntilAsync("it is off", () => !world.ControlGroups().Any(g => g.Contains("again")));
        await Shell.UntilAsync("its interface is gone", TimeSpan.FromSeconds(30), async () => !(await world.RoomAsync("link")).Contains(LinkOf(machine), StringComparison.Ordinal));

        await world.RoomAsync("link", "add", LinkOf(machine), "type", "veth", "peer", "name", "left-over");
        world.Cloud.Start(MachineWorld.Group, "again", null);

        await MachineWorld.UntilAsync("it booted again", () => world.Read(machine, "/var/boots")?.Split('\n').Length == 3);
    }

    [Fact]
    public async Task Nothing_is_left_of_a_machine_that_was_deleted()
    {
        await MachineRoot.RequireAsync();
        var set = await world.CreateAsync("goes", UserData);
        var machine = set.Instances.Values.Single();
        await world.CloudInitErrorsAsync(machine);
        var link = LinkOf(machine);
        Assert.Contains(link, await world.RoomAsync("link"));

        world.Cloud.DeleteInstances(MachineWorld.Group, "goes", [machine.Id]);
        await MachineWorld.UntilAsync("its files are gone", () => !Directory.Exists(Path.Combine(world.MachinesDirectory, machine.ComputerName.ToLowerInvariant())));

        Assert.DoesNotContain(world.ControlGroups(), group => group.Contains("goes"));
        await Shell.UntilAsync("its interface is gone", TimeSpan.FromSeconds(30), async () => !(await world.RoomAsync("link")).Contains(link, StringComparison.Ordinal));
        Assert.DoesNotContain(Room.PodSubnetOf(System.Net.IPAddress.Parse(machine.Address)), await world.RoomAsync("route"));
    }

    private static string LinkOf(Instance machine) => $"m{string.Concat(machine.Address.Split('.').Select(part => int.Parse(part).ToString("x2")))}";

    private Instance Now(Instance machine) => world.Cloud.Find(MachineWorld.Group, machine.Set)!.Instances[machine.Number];
}
