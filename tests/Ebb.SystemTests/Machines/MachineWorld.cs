using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Machines.Nspawn;
using Ebb.SystemTests.Commands;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.SystemTests.Machines;

/// <summary>A cloud whose machines really boot, shared by the tests of one class.</summary>
public sealed class MachineWorld : IAsyncLifetime
{
    public const string Group = "lab";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _state = Directory.CreateTempSubdirectory("ebb-machines-").FullName;
    private readonly Agenda _agenda = new(TimeProvider.System);
    private AzureFace? _face;
    private Room? _room;
    private NspawnMachines? _machines;

    public string Name { get; } = $"test-{Guid.NewGuid().ToString()[..8]}";

    public string MachinesDirectory => Path.Combine(_state, "machines");

    public CloudWorld Cloud { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Cloud = new CloudWorld(_agenda, new CloudOptions
        {
            Accept = Latency.Seconds(0, 0),
            Create = Latency.Seconds(0, 0.1),
            Boot = Latency.Seconds(1, 2),
            Stop = Latency.Seconds(2, 2),
            Delete = Latency.Seconds(2, 2),
        });
        Cloud.PutResourceGroup(Group, Cloud.Options.Location, null);
        if (NspawnSupport.Obstacles().Any())
        {
            // Each test that needs machines is skipped and says why.
            return;
        }

        var options = new NspawnOptions { Name = Name, Directory = MachinesDirectory, BaseRoot = await MachineRoot.RequireAsync() };
        _face = new AzureFace(Cloud, new AzureFaceOptions());
        _room = await Room.CreateAsync(Name, TimeProvider.System, CancellationToken.None);
        _machines = await NspawnMachines.StartAsync(options, Cloud, _face, _room, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (_machines is not null)
        {
            await _machines.DisposeAsync();
            await _room!.DisposeAsync();
            _face!.Dispose();
        }

        _agenda.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    /// <summary>A scale set of machines that are given this user data, and run.</summary>
    public async Task<ScaleSet> CreateAsync(string set, string userData, int capacity = 1)
    {
        var spec = new ScaleSetSpec { Size = "Standard_B2s", Capacity = capacity };
        var model = spec.ToModel(Cloud.Options.Location);
        Give(model, userData);
        var outcome = Cloud.CreateOrUpdateScaleSet(Group, set, model);
        Assert.Null(outcome.Error);
        await UntilAsync($"{set} has its machines", () => Cloud.Find(Group, set)!.Instances.Count == capacity);
        return Cloud.Find(Group, set)!;
    }

    public void Update(string set, string userData)
    {
        var model = (JsonObject)Cloud.Find(Group, set)!.Model.DeepClone();
        Give(model, userData);
        Assert.Null(Cloud.CreateOrUpdateScaleSet(Group, set, model).Error);
    }

    /// <summary>A file on the disk of a machine; null while there is none.</summary>
    public string? Read(Instance machine, string file)
    {
        var path = Path.Combine(MachinesDirectory, machine.ComputerName.ToLowerInvariant(), "disk", "upper", file.TrimStart('/'));
        return File.Exists(path) ? File.ReadAllText(path) : null;
    }

    public async Task<string> ReadWhenThereAsync(Instance machine, string file)
    {
        await UntilAsync($"{machine.Name} has {file}", () => Read(machine, file) is { Length: > 0 });
        return Read(machine, file)!;
    }

    /// <summary>Waits until cloud-init has done all that it had to do, and answers what it says of its errors.</summary>
    public async Task<JsonArray> CloudInitErrorsAsync(Instance machine) =>
        JsonNode.Parse(await ReadWhenThereAsync(machine, "/var/lib/cloud/data/result.json"))!["v1"]!["errors"]!.AsArray();

    public static Task UntilAsync(string what, Func<bool> isSo) => Shell.UntilAsync(what, Patience, () => Task.FromResult(isSo()));

    /// <summary>The control groups of this world's machines that the host has.</summary>
    public IEnumerable<string> ControlGroups() =>
        Directory.EnumerateDirectories("/sys/fs/cgroup", $"ebb-{Name}*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 })
            .SelectMany(Directory.EnumerateDirectories);

    /// <summary>What ip says inside the room.</summary>
    public async Task<string> RoomAsync(params string[] arguments)
    {
        using var ip = Process.Start(new ProcessStartInfo("ip", ["-netns", $"ebb-{Name}", .. arguments]) { RedirectStandardOutput = true })!;
        var output = await ip.StandardOutput.ReadToEndAsync();
        await ip.WaitForExitAsync();
        return output;
    }

    private static void Give(JsonObject model, string userData) =>
        model["properties"]!["virtualMachineProfile"]!["osProfile"] = new JsonObject
        {
            ["customData"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(userData)),
        };
}
