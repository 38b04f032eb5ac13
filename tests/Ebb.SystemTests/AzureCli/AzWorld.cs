using System.Collections.Concurrent;
using System.Diagnostics;
using Ebb.Sandbox;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Cloud;

namespace Ebb.SystemTests.AzureCli;

/// <summary>The Azure face of a quick cloud, over HTTPS, and az signed in to it with both of its profiles.</summary>
public sealed class AzWorld : IAsyncLifetime
{
    public const string Group = "farm";
    public const string Set = "agents";
    public const string App = "5eb5eb00-0000-4000-8000-0000000000aa";
    public const string Secret = "a secret with spaces/and+signs=";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly string _home = Directory.CreateTempSubdirectory("ebb-az-").FullName;
    private readonly Agenda _agenda = new(TimeProvider.System);
    private readonly Authority _authority = Authority.Create("sandbox", TimeProvider.System);
    private AzureFace? _face;
    private AzureHost? _host;
    private string? _path;
    private string? _missing;

    /// <summary>Every request that reached the face.</summary>
    public ConcurrentQueue<ArmCall> Calls { get; } = [];

    /// <summary>All that became of machines.</summary>
    public ConcurrentQueue<InstanceChange> Changes { get; } = [];

    public string Home => _home;

    public CloudWorld Cloud => _face!.World;

    public string Subscription => Cloud.Options.SubscriptionId;

    public Uri Endpoint => _host!.Https;

    /// <summary>What az does by default.</summary>
    internal AzBinary Latest => Az("latest");

    /// <summary>What az has for private clouds: machines, scale sets, networks.</summary>
    internal AzBinary Hybrid => Az("2020-09-01-hybrid");

    public async ValueTask InitializeAsync()
    {
        (_path, _missing) = await FindAsync();
        if (_path is null)
        {
            return;
        }

        var quick = Latency.Seconds(0.05, 0.2);
        var world = new CloudWorld(_agenda, new CloudOptions { Accept = quick, Create = quick, Boot = quick, Stop = quick, Delete = quick });
        world.InstanceChanged += Changes.Enqueue;
        _face = new AzureFace(world, new AzureFaceOptions { Apps = [new AppRegistration(App, Secret)], Told = Calls.Enqueue });
        _host = await AzureHost.StartAsync(_face, _authority, 0, 0, CancellationToken.None);
        await File.WriteAllTextAsync(Path.Combine(_home, "ca.pem"), _authority.CertificatePem);
        foreach (var profile in new[] { "latest", "2020-09-01-hybrid" })
        {
            Directory.CreateDirectory(Path.Combine(_home, profile));
            var az = Az(profile);
            await az.RunAsync("cloud", "register", "--name", "sandbox", "--endpoint-resource-manager", Endpoint.ToString(), "--profile", profile);
            await az.RunAsync("cloud", "set", "--name", "sandbox");
            await az.RunAsync("login", "--service-principal", "--username", App, "--password", Secret, "--tenant", world.Options.TenantId);
        }

        await Latest.RunAsync("group", "create", "--name", Group, "--location", world.Options.Location);
        world.CreateOrUpdateScaleSet(Group, Set, new ScaleSetSpec { Size = "Standard_D2s_v3", Capacity = 1 }.ToModel(world.Options.Location));
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        _face?.Dispose();
        _agenda.Dispose();
        _authority.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    /// <summary>What became of machines while this ran, in order, by their numbers in their sets.</summary>
    public async Task<ILookup<int, InstanceEvent>> ChangesAsync(Func<Task> command)
    {
        Changes.Clear();
        await command();
        return Changes.ToLookup(change => change.Instance.Number, change => change.Event);
    }

    public string Write(string name, string text)
    {
        var path = Path.Combine(_home, name);
        File.WriteAllText(path, text);
        return path;
    }

    private AzBinary Az(string profile)
    {
        Assert.SkipWhen(_missing is not null, _missing ?? "");
        return new AzBinary(_path!, Path.Combine(_home, profile), Path.Combine(_home, "ca.pem"));
    }

    /// <summary>Where az is, or why it is not.</summary>
    internal static async Task<(string? Path, string? Missing)> FindAsync()
    {
        if (Environment.GetEnvironmentVariable("AZ") is { Length: > 0 } given)
        {
            return (given, null);
        }

        var script = Path.Combine(Root(), "eng", "azure-cli.sh");
        using var process = Process.Start(new ProcessStartInfo(script) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        try
        {
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0 ? (output.Trim(), null) : (null, "eng/azure-cli.sh: " + await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (null, $"eng/azure-cli.sh did not end within {Limit}.");
        }
    }

    private static string Root()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Ebb.slnx")))
        {
            at = at.Parent;
        }

        return at?.FullName ?? throw new InvalidOperationException("The tests do not lie inside the repository.");
    }
}

/// <summary>One world and one login for all that az is asked; one command at a time.</summary>
[CollectionDefinition(Name)]
public sealed class AzCommands : ICollectionFixture<AzWorld>
{
    public const string Name = "az";
}
