using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ebb.Sandbox;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Machines;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>How a farm is made.</summary>
internal sealed record HollowFarmOptions
{
    public IReadOnlyList<FarmPool> Pools { get; init; } = [new("agents", "Standard_D4s_v5", 500)];

    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How many controllers may sign in, each as itself.</summary>
    public int Controllers { get; init; } = 1;

    public Latency Create { get; init; } = Latency.Seconds(0.5, 2);

    public Latency Boot { get; init; } = Latency.Seconds(1, 3);
}

internal sealed record FarmPool(string Name, string Size, int Max);

/// <summary>
/// A cloud whose machines are hollow nodes of a real cluster, served over HTTPS like the real resource manager, with a record
/// of who asked for what.
/// </summary>
internal sealed class HollowFarm : IAsyncDisposable
{
    public const string Group = "farm";

    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-farm-").FullName;
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly Authority _authority = Authority.Create("azure", TimeProvider.System);
    private readonly ImmutableArray<AppRegistration> _apps;
    private readonly Agenda _agenda = new(TimeProvider.System);
    private readonly ConcurrentBag<string> _bought = [];
    private HollowKubelets? _kubelets;
    private Uri _endpoint = new("https://127.0.0.1");

    private HollowFarm(HollowFarmOptions options)
    {
        _apps = [.. Enumerable.Range(0, options.Controllers).Select(_ => new AppRegistration(
            Guid.NewGuid().ToString(), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24))))];
        var fast = Latency.Seconds(0.1, 0.5);
        Cloud = new CloudWorld(_agenda, new CloudOptions
        {
            Accept = fast,
            Create = options.Create,
            Boot = options.Boot,
            Stop = fast,
            Delete = Latency.Seconds(1, 2),
            Quotas = ImmutableSortedDictionary<string, int>.Empty.Add("cores", 1_000_000).Add("lowPriorityCores", 1_000_000),
        });
    }

    public CloudWorld Cloud { get; }

    /// <summary>Pods that were lost before they had finished.</summary>
    public ConcurrentQueue<Interruption> Interruptions { get; } = new();

    /// <summary>Everything the cloud was asked, in order.</summary>
    public ConcurrentQueue<ArmCall> Calls { get; } = new();

    /// <summary>The capacities that were asked for: changes of a whole scale set, not of one machine of it.</summary>
    public IEnumerable<ArmCall> CapacityRequests => Calls.Where(call =>
        call.Method is "PATCH" or "PUT" && call.Status < 300 && Path.GetFileName(Path.GetDirectoryName(call.Path)) == "virtualMachineScaleSets");

    /// <summary>Requests that delete machines.</summary>
    public IEnumerable<ArmCall> Removals => Calls.Where(call =>
        call.Method == "POST" && call.Path.EndsWith("/delete", StringComparison.OrdinalIgnoreCase) && call.Status < 300);

    /// <summary>What <c>ebb run</c> needs besides a kubeconfig.</summary>
    public string Arguments =>
        $"--subscription {Cloud.Options.SubscriptionId} --resource-group {Group} --arm-endpoint {_endpoint.GetLeftPart(UriPartial.Authority)}";

    /// <param name="api">Reaches the API server as one who may do everything.</param>
    /// <param name="clientAuthority">Who signs for the API server's own clients.</param>
    public static async Task<HollowFarm> StartAsync(HttpClient api, X509Certificate2 clientAuthority, HollowFarmOptions options, CancellationToken ct)
    {
        var farm = new HollowFarm(options);
        try
        {
            await farm.BeginAsync(api, clientAuthority, options, ct);
            return farm;
        }
        catch
        {
            await farm.DisposeAsync();
            throw;
        }
    }

    /// <summary>How many pods run, whether or not the API server has been told already.</summary>
    public int RunningPods => _agenda.Held(() => _kubelets!.RunningPods);

    public int Machines(string pool = "agents") => Cloud.Find(Group, pool)!.Instances.Count;

    /// <summary>How many machines a pool has had, those that are gone counted too.</summary>
    public int EverBought(string pool = "agents") => _bought.Count(machine => machine.StartsWith($"{pool}/", StringComparison.Ordinal));

    /// <summary>The environment in which a controller signs in as itself.</summary>
    public IEnumerable<KeyValuePair<string, string?>> Environment(int controller = 0) =>
    [
        new("AZURE_TENANT_ID", Cloud.Options.TenantId),
        new("AZURE_CLIENT_ID", _apps[controller].ClientId),
        new("AZURE_CLIENT_SECRET", _apps[controller].Secret),
        new("AZURE_AUTHORITY_HOST", _endpoint.ToString()),
        new("SSL_CERT_FILE", Path.Combine(_folder, "azure.crt")),
    ];

    /// <summary>Which controller it was.</summary>
    public int ControllerOf(ArmCall call) => _apps.ToList().FindIndex(app => app.ClientId == call.ClientId);

    public async ValueTask DisposeAsync()
    {
        foreach (var part in Enumerable.Reverse(_parts))
        {
            await part.DisposeAsync();
        }

        _agenda.Dispose();
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task BeginAsync(HttpClient api, X509Certificate2 clientAuthority, HollowFarmOptions options, CancellationToken ct)
    {
        var machines = await RemoteHollowMachines.StartAsync(
            Cloud, api, clientAuthority, new RemoteHollowOptions(), NullLogger<RemoteHollowMachines>.Instance, ct);
        _parts.Add(machines);
        _kubelets = machines.Kubelets;
        _kubelets.Interrupted += Interruptions.Enqueue;
        Cloud.InstanceChanged += change =>
        {
            if (change.Event is InstanceEvent.Created)
            {
                _bought.Add($"{change.Instance.Set}/{change.Instance.Number}");
            }
        };
        var face = new AzureFace(Cloud, new AzureFaceOptions { Apps = _apps, Told = Calls.Enqueue });
        var host = await AzureHost.StartAsync(face, _authority, 0, 0, ct);
        _parts.Add(host);
        _endpoint = host.Https;
        await File.WriteAllTextAsync(Path.Combine(_folder, "azure.crt"), _authority.CertificatePem, ct);
        Cloud.PutResourceGroup(Group, Cloud.Options.Location, null);
        foreach (var pool in options.Pools)
        {
            var spec = new ScaleSetSpec
            {
                Size = pool.Size,
                Tags = ImmutableSortedDictionary<string, string>.Empty
                    .Add("ebb-min", "0")
                    .Add("ebb-max", pool.Max.ToString(CultureInfo.InvariantCulture))
                    .Add("ebb-idle-after", $"{(int)options.IdleAfter.TotalSeconds}s"),
            };
            if (Cloud.CreateOrUpdateScaleSet(Group, pool.Name, spec.ToModel(Cloud.Options.Location)).Error is { } refusal)
            {
                throw new InvalidOperationException($"{refusal.Code}: {refusal.Message}");
            }
        }
    }
}
