using System.Net;
using Ebb.Acting;
using Ebb.Cli.Clusters;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Running;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Controller.Joining;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Config;
using Ebb.Sandbox.Cloud;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>What <c>ebb.service</c> is on a control-plane machine: Ebb's controller and join server, started again when they end.</summary>
internal sealed partial class ControlPlaneService(
    Instance machine, ControlPlaneDisk disk, ControlPlaneGround ground, IControlPlaneCluster cluster, TokenSource tokens, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    // What people's sandboxes show within seconds: machines that come and go are seen so.
    private static readonly LoopOptions Loop = new()
    {
        ReadCloudEvery = TimeSpan.FromSeconds(30),
        ReadCloudInMotionEvery = TimeSpan.FromSeconds(2),
        ReadCloudAtMostEvery = TimeSpan.FromMilliseconds(500),
    };

    // What an identity may do is known everywhere after some minutes.
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(2);

    private readonly ILogger _logger = loggers.CreateLogger<ControlPlaneService>();
    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;
    private TaskCompletionSource _up = New();

    /// <summary>Starts it, or starts it anew.</summary>
    /// <param name="kubernetes">Where the machine's API answers.</param>
    /// <param name="release">That machines which join are told to run; null: what is on them.</param>
    public async Task StartAsync(KubernetesPlace kubernetes, KubernetesAuthorities authorities, string? release)
    {
        await StopAsync();
        _stop = new CancellationTokenSource();
        _up = New();
        _running = RunAsync(kubernetes, authorities, release, _up, _stop.Token);
    }

    /// <summary>Until it serves.</summary>
    public Task UpAsync(CancellationToken ct) => _up.Task.WaitAsync(ct);

    public async ValueTask DisposeAsync() => await StopAsync();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task StopAsync()
    {
        if (_stop is not null)
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
            _stop = null;
        }
    }

    private async Task RunAsync(KubernetesPlace kubernetes, KubernetesAuthorities authorities, string? release, TaskCompletionSource up, CancellationToken ct)
    {
        try
        {
            while (true)
            {
                try
                {
                    await OnceAsync(kubernetes, authorities, release, up, ct);
                }
                catch (Exception e) when (e is CloudException or KubeException or EbbException or IOException or HttpRequestException)
                {
                    // As the machine's own services, which are started anew: a role that is not known yet, an API that starts.
                    LogAgain(machine.Name, e.Message);
                    await Task.Delay(AgainAfter, time, ct);
                }
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    private async Task OnceAsync(KubernetesPlace kubernetes, KubernetesAuthorities authorities, string? release, TaskCompletionSource up, CancellationToken ct)
    {
        using var reaching = await ConnectAsync(kubernetes.Here, ct);
        var scope = new AzureScope(ground.Access.Subscription, machine.Group, null, new Uri(ground.Access.Endpoint));
        await using var target = Target.Open(reaching.Connection, scope, ground.Access, tokens, loggers);
        await target.ProbeAsync(ct);
        var joining = await JoiningAsync(kubernetes, authorities, release, ct);
        await using var serving = await JoinServing.StartAsync(target, joining, ct);
        await using var way = await cluster.LeadAsync(machine, serving.Server.Address);
        LogRuns(machine.Name, kubernetes.Here.ToString());
        up.TrySetResult();
        await ControllerRun.RunAsync(target, Loop, serving.Server, OwnCertificates.Watch(target, joining), ct);
    }

    private async Task<Reaching> ConnectAsync(Uri address, CancellationToken ct)
    {
        // The kubeconfig says "this machine": that is where it is here.
        var written = KubeconfigFile.Read(await File.ReadAllTextAsync(disk.At("/etc/ebb/kubeconfig"), ct))
            ?? throw new CloudException("The controller's kubeconfig on the share is not one.");
        var path = disk.At("/etc/ebb/kubeconfig-here");
        SecretFile.Write(path, (written with { Server = address }).Write());
        var connection = new Kubeconfig(Yaml.ToJson, static _ => null, time).Load(path, null);
        return new Reaching(connection, path);
    }

    private async Task<JoinServerOptions> JoiningAsync(KubernetesPlace kubernetes, KubernetesAuthorities authorities, string? release, CancellationToken ct)
    {
        var join = disk.At("/etc/ebb/join");
        var roots = disk.At("/etc/ebb/attestation-roots-here.pem");
        await File.WriteAllTextAsync(roots, await ground.AttestationRootsAsync(ct), ct);
        var (agents, files) = (disk.At("/var/lib/ebb/agents"), disk.At("/var/lib/ebb/files"));
        return new JoinServerOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            AuthorityFile = Path.Combine(join, "ca.crt"),
            CertificateFile = Path.Combine(join, "server.crt"),
            KeyFile = Path.Combine(join, "server.key"),
            Version = release,
            Distribution = release is null ? JoinServerOptions.Kubelet : JoinServerOptions.K3s,
            AgentTokenFile = release is null ? null : disk.At("/etc/ebb/k3s/agent-token"),
            AgentsDirectory = Directory.Exists(agents) ? agents : null,
            FilesDirectory = Directory.Exists(files) ? files : null,
            Servers = [kubernetes.Inside],
            KubernetesAuthorityFile = authorities.ServerCertificate,
            NodeAuthorityFile = authorities.ClientCertificate,
            AttestationRootsFile = roots,

            // The sandbox's file service speaks no SMB: a machine that really mounted would never be a node.
            HandoutFile = cluster.Machines is not MachineKind.Nspawn ? disk.At(ControlPlaneInstall.Handout) : null,
            AuditFile = Path.Combine(ground.Directory, "join-audit.jsonl"),

            // All machines of the sandbox come from one address.
            PerAddress = new(400, 4000),
            MostConnectionsPerAddress = 2000,
            MostDownloadsPerAddress = 64,
            MostNoncesPerAddress = 20_000,
        };
    }

    private sealed record Reaching(KubeConnection Connection, string File) : IDisposable
    {
        public void Dispose() => System.IO.File.Delete(File);
    }

    [LoggerMessage(LogLevel.Information, "Control-plane machine {Machine} runs Ebb's controller and join server against {Kubernetes}")]
    private partial void LogRuns(string machine, string kubernetes);

    [LoggerMessage(LogLevel.Warning, "Control-plane machine {Machine} tries again: {Reason}")]
    private partial void LogAgain(string machine, string reason);
}
