using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Kubelet.Remote;
using Ebb.Sandbox.Kubernetes.Views;
using Microsoft.Extensions.Logging;

namespace Ebb.Sandbox.Machines;

/// <summary>
/// Hollow machines of a real cluster: what the cloud boots registers with a real API server, and its pods live and end as on
/// the embedded one.
/// </summary>
public sealed class RemoteHollowMachines : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly KubeletServer _server;
    private readonly Task _running;

    private RemoteHollowMachines(RemoteKubeletApi api, HollowKubelets kubelets, HollowMachines machines, KubeletServer server)
    {
        (Kubelets, Machines, _server) = (kubelets, machines, server);
        machines.Boot = machine => machines.StartKubelet(machine with { Node = machine.Node with { Endpoint = server.Endpoint } });
        _running = Task.Run(() => api.RunAsync(kubelets, _end.Token));
    }

    public HollowKubelets Kubelets { get; }

    public HollowMachines Machines { get; }

    /// <summary>Connects the cloud's machines with an API server. Before the cloud boots its first machine.</summary>
    /// <param name="http">
    /// Has the API server's address as its base, trusts its authority, and carries a credential that may act for every node
    /// (one of the group <c>system:masters</c>: a kubelet's own may speak of its own node only). Stays the caller's.
    /// </param>
    /// <param name="clientAuthority">Who signs the certificate that the API server shows to kubelets.</param>
    /// <exception cref="HttpRequestException">The API server does not answer, or not to this credential.</exception>
    public static async Task<RemoteHollowMachines> StartAsync(
        CloudWorld cloud,
        HttpClient http,
        X509Certificate2 clientAuthority,
        RemoteHollowOptions options,
        ILogger<RemoteHollowMachines> logger,
        CancellationToken ct)
    {
        var random = new Random(options.Seed);
        var requests = new ApiHttp(http, cloud.Agenda.Time);
        var version = await VersionAsync(requests, ct);
        var api = new RemoteKubeletApi(requests, cloud.Agenda, options.PutRightWithin, new Random(random.Next()), logger);

        // That a kubelet lives is told by its Lease alone.
        var hollow = options.Hollow with { KubeletVersion = version, LeaseEvery = options.Hollow.LeaseEvery ?? TimeSpan.FromSeconds(10) };
        var kubelets = new HollowKubelets(api, hollow, new Random(random.Next()), (_, _) => { });
        var server = await KubeletServer.StartAsync(api, kubelets, clientAuthority, ct);
        lock (cloud.Agenda.Gate)
        {
            return new RemoteHollowMachines(api, kubelets, new HollowMachines(cloud, kubelets, options.Machines), server);
        }
    }

    /// <summary>Ends the kubelets; their nodes and pods stay where they are, as when all machines lose power.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // Asked for.
        }

        await _server.DisposeAsync();
        _end.Dispose();
    }

    private static async Task<string> VersionAsync(ApiHttp api, CancellationToken ct)
    {
        // The list, unlike the version, is refused to those who may not act for nodes.
        foreach (var path in new[] { "/api/v1/nodes?limit=1", "/version" })
        {
            var answer = await api.SendAsync(HttpMethod.Get, path, null, ct);
            if (!answer.Ok)
            {
                throw new HttpRequestException($"GET {path}: {answer.Trouble}", null, answer.Code);
            }

            if (answer.Json.Text("gitVersion") is { } version)
            {
                return version;
            }
        }

        throw new HttpRequestException("What answers to GET /version is no Kubernetes API server.", null, HttpStatusCode.BadGateway);
    }
}

/// <summary>How <see cref="RemoteHollowMachines"/> behave.</summary>
public sealed record RemoteHollowOptions
{
    /// <summary>Latencies are drawn from it.</summary>
    public int Seed { get; init; } = 1;

    public HollowOptions Hollow { get; init; } = new();

    /// <summary>How long what others wrote over the status of a node or pod may stand. Default 10 s, as with real kubelets.</summary>
    public TimeSpan PutRightWithin { get; init; } = TimeSpan.FromSeconds(10);

    public HollowMachineOptions Machines { get; init; } = new();
}
