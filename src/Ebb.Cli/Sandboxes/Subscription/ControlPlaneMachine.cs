using System.Net;
using System.Security.Cryptography;
using Ebb.Acting;
using Ebb.Cli.Clusters;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Running;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Controller.Joining;
using Ebb.Joining;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Config;
using Ebb.Sandbox.Cloud;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>
/// Stands in for one control-plane machine: proves itself by the machine's identity, takes from the private share what the machine was
/// told to take, and runs what it would run. It may do in the cloud what the machine's roles allow, and nothing else.
/// </summary>
internal sealed partial class ControlPlaneMachine(
    Instance machine, ControlPlaneBirth birth, ControlPlaneGround ground, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    // Programs are some tens of megabytes; images for machines without a way outside some hundreds.
    private const int MostFile = 1 << 30;

    // What people's sandboxes show within seconds: machines that come and go are seen so.
    private static readonly LoopOptions Loop = new()
    {
        ReadCloudEvery = TimeSpan.FromSeconds(30),
        ReadCloudInMotionEvery = TimeSpan.FromSeconds(2),
        ReadCloudAtMostEvery = TimeSpan.FromMilliseconds(500),
    };

    // What an identity may do is known everywhere after some minutes.
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(2);

    private readonly ILogger _logger = loggers.CreateLogger<ControlPlaneMachine>();
    private readonly HttpMessageInvoker _metadataHttp = new(InstanceMetadata.NewHandler());
    private readonly HttpMessageInvoker _http = new(AzureHttp.Handler(ground.AuthorityFile));
    private readonly Random _random = new(RandomNumberGenerator.GetInt32(int.MaxValue));

    private string Root => Path.Combine(ground.Directory, machine.Name);

    /// <summary>Until the machine's power is cut.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await OnceAsync(ct);
            }
            catch (Exception e) when (e is CloudException or KubeException or EbbException or IOException or HttpRequestException)
            {
                // As the machine's own services, which are started anew: a role that is not known yet, a share that is being written.
                LogAgain(machine.Name, e.Message);
                await Task.Delay(AgainAfter, time, ct);
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        _metadataHttp.Dispose();
        if (Directory.Exists(Root))
        {
            Directory.Delete(Root, recursive: true);
        }

        return ValueTask.CompletedTask;
    }

    private async Task OnceAsync(CancellationToken ct)
    {
        var metadata = new InstanceMetadata(_metadataHttp, ground.MetadataOf(machine), time, _random);
        var manager = ground.Access.Endpoint;
        ValueTask<AccessToken> TokenAsync(CancellationToken cancel) => metadata.TokenAsync(manager, null, cancel);

        await FetchAsync(new ArmConnection(new Uri(manager), ground.Access.Subscription, _http, TokenAsync, time, _random), ct);
        var address = await ground.KubernetesAsync(
            new KubernetesAuthorities(At("/var/lib/rancher/k3s/server/tls/server-ca"), At("/var/lib/rancher/k3s/server/tls/client-ca")), ct);
        using var reaching = await ConnectAsync(address, ct);
        var scope = new AzureScope(ground.Access.Subscription, machine.Group, null, new Uri(manager));
        await using var target = Target.Open(reaching.Connection, scope, ground.Access, TokenAsync, loggers);
        await target.ProbeAsync(ct);
        await using var serving = await JoinServing.StartAsync(target, await JoiningAsync(address, ct), ct);
        ground.Network.Open(machine.Address, JoinPaths.DefaultPort, serving.Server.Address);
        try
        {
            LogRuns(machine.Name, address.ToString());
            await ControllerRun.RunAsync(target, Loop, serving.Server, ct);
        }
        finally
        {
            ground.Network.Close(machine.Address, JoinPaths.DefaultPort);
        }
    }

    /// <summary>Every file that the machine was told to take, but for the program that runs here in its place.</summary>
    private async Task FetchAsync(ArmConnection arm, CancellationToken ct)
    {
        var key = await new StorageAccounts(arm).KeyAsync(birth.StorageGroup, birth.SystemAccount, ct)
            ?? throw new CloudException($"Storage account '{birth.SystemAccount}' is not in resource group '{birth.StorageGroup}'.");
        var share = new Ebb.Clouds.Azure.Deployments.FileShare(
            new StorageAccess(birth.SystemAccount, ground.FilesOf(birth.SystemAccount), key), birth.Share, _http, time, _random);
        foreach (var file in birth.Files.Where(f => f.To != "/usr/local/bin/ebb"))
        {
            var to = At(file.To);
            if (file.Sha256 is { } known && File.Exists(to) && Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(to, ct))) == known)
            {
                continue;
            }

            var content = await share.ReadAsync(file.From, MostFile, ct) ?? throw new CloudException($"'{file.From}' is not on share '{birth.Share}' yet.");
            if (file.Sha256 is { } wanted && Convert.ToHexStringLower(SHA256.HashData(content)) != wanted)
            {
                throw new CloudException($"'{file.From}' of share '{birth.Share}' is not what the machine was told to take: its hash differs.");
            }

            Directory.CreateDirectory(Path.GetDirectoryName(to)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            await using var written = new FileStream(to, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            await written.WriteAsync(content, ct);
        }
    }

    private async Task<Reaching> ConnectAsync(Uri address, CancellationToken ct)
    {
        // The kubeconfig says "this machine": that is where it is here.
        var written = KubeconfigFile.Read(await File.ReadAllTextAsync(At("/etc/ebb/kubeconfig"), ct))
            ?? throw new CloudException("The controller's kubeconfig on the share is not one.");
        var path = At("/etc/ebb/kubeconfig-here");
        SecretFile.Write(path, (written with { Server = address }).Write());
        var connection = new Kubeconfig(Yaml.ToJson, static _ => null, time).Load(path, null);
        return new Reaching(connection, path);
    }

    private async Task<JoinServerOptions> JoiningAsync(Uri address, CancellationToken ct)
    {
        var join = At("/etc/ebb/join");
        var roots = Path.Combine(join, "attestation-roots.pem");
        await File.WriteAllTextAsync(roots, await ground.AttestationRootsAsync(ct), ct);
        var agents = At("/var/lib/ebb/agents");
        return new JoinServerOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            AuthorityFile = Path.Combine(join, "ca.crt"),
            CertificateFile = Path.Combine(join, "server.crt"),
            KeyFile = Path.Combine(join, "server.key"),
            AgentsDirectory = Directory.Exists(agents) ? agents : null,
            Servers = [address],
            KubernetesAuthorityFile = At("/var/lib/rancher/k3s/server/tls/server-ca.crt"),
            NodeAuthorityFile = At("/var/lib/rancher/k3s/server/tls/client-ca.crt"),
            AttestationRootsFile = roots,
            AuditFile = Path.Combine(ground.Directory, "join-audit.jsonl"),

            // All machines of the sandbox come from one address.
            PerAddress = new(400, 4000),
            MostNoncesPerAddress = 20_000,
        };
    }

    private string At(string path) => Path.Combine(Root, path.TrimStart('/'));

    private sealed record Reaching(KubeConnection Connection, string File) : IDisposable
    {
        public void Dispose() => System.IO.File.Delete(File);
    }

    [LoggerMessage(LogLevel.Information, "Control-plane machine {Machine} runs Ebb's controller and join server against {Kubernetes}")]
    private partial void LogRuns(string machine, string kubernetes);

    [LoggerMessage(LogLevel.Warning, "Control-plane machine {Machine} tries again: {Reason}")]
    private partial void LogAgain(string machine, string reason);
}
