using System.Security.Cryptography;
using Ebb.Cli.Clusters;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Sandbox;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Cloud;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>
/// One process that is an Azure with one subscription, empty at first. When a control-plane machine boots in it, this process takes
/// that machine's place: see <see cref="ControlPlanes"/>. Everything in it ends with it.
/// </summary>
internal static class SubscriptionHost
{
    // Some of Azure's take a quarter of an hour, most less than this.
    private static readonly TimeSpan RegistrationTakes = TimeSpan.FromMinutes(1);

    /// <summary>Until it is cancelled; then nothing of it is left.</summary>
    /// <exception cref="EbbException">It runs already.</exception>
    public static async Task RunAsync(SandboxHome home, SubscriptionSettings settings, CancellationToken ct)
    {
        home.Create();
        using var held = await SandboxHost.LockAsync(home, TimeProvider.System, ct);
        home.Clear();
        var time = TimeProvider.System;
        await NspawnSandboxMachines.RemoveLeftoversAsync(home, time, ct);
        if (Directory.Exists(home.Kubernetes))
        {
            // Of one that was killed: its machines died with it, and keys of another subscription's cluster are of no use here.
            Directory.Delete(home.Kubernetes, recursive: true);
        }

        try
        {
            using var loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Information).AddProvider(new LogFile(home.Log, time)));
            using var authority = Authority.Create("ebb sandbox", time);
            using var agenda = new Agenda(time);
            var world = new CloudWorld(agenda, SubscriptionWorld.Options(home.Name, settings));

            // Who signs in owns the subscription, as whoever begins with one does.
            var client = new AzureClient(world.Options.TenantId, Guid.NewGuid().ToString(), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)));
            using var face = new AzureFace(world, new AzureFaceOptions
            {
                Apps = [new AppRegistration(client.Id, client.Secret)],
                Unregistered = settings.Fresh ? AzureFaceOptions.NeverUsed : [],
                RegistrationTakes = RegistrationTakes / settings.Speed,
            });
            await using var host = await AzureHost.StartAsync(face, authority, 0, 0, ct);
            home.WriteAuthority(authority.CertificatePem);
            var access = new AzureAccess
            {
                Subscription = world.Options.SubscriptionId,
                ResourceGroup = "",
                Endpoint = host.Https.ToString(),
                AuthorityFile = home.Authority,
                Client = client,
            };
            using var http = new HttpMessageInvoker(AzureHttp.Handler(home.Authority));
            using var tokens = new HttpClient(AzureHttp.Handler(home.Authority));
            var arm = new ArmConnection(
                host.Https, access.Subscription, http, AzureTokens.Source(client, host.Https, tokens), time, new Random(RandomNumberGenerator.GetInt32(int.MaxValue)));
            var subscription = new SandboxSubscription(home, access, face, host, arm);
            var ground = new ControlPlaneGround(subscription);
            await using IControlPlaneCluster cluster = settings.Kubernetes is KubernetesKind.Real
                ? await RealControlPlaneCluster.CreateAsync(subscription, ground, time, loggers, ct)
                : new ControlPlaneCluster(subscription, ground, time, loggers);
            await using var planes = new ControlPlanes(world, ground, cluster, time, loggers);
            home.Write(new SandboxState
            {
                Name = home.Name,
                Host = ProcessMark.OfThisProcess(),
                StartedAt = time.GetUtcNow(),
                Kind = cluster.Kind,
                Machines = cluster.Machines,
                Kubernetes = "",
                Azure = access,
            });
            await planes.RunAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            home.Clean();
        }
        catch
        {
            // What it logged, and what it is about to say, is for whoever asks why.
            home.Clear();
            throw;
        }
    }
}
