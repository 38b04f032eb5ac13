using System.Net.Sockets;
using System.Security.Cryptography;
using Ebb.Acting;
using Ebb.Cli.Clusters;
using Ebb.Cli.Running;
using Ebb.Sandbox;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Kubernetes.Api;
using Ebb.Sandbox.Kubernetes.Face;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes;

/// <summary>
/// One process that is a cloud, a cluster and its machines, and beside them Ebb's controller, which reaches both as it
/// would the real ones: over HTTPS, by a kubeconfig and a service principal.
/// </summary>
internal static class SandboxHost
{
    // Machines that come within seconds are to be seen within seconds.
    private static readonly LoopOptions Loop = new()
    {
        ReadCloudEvery = TimeSpan.FromSeconds(30),
        ReadCloudInMotionEvery = TimeSpan.FromSeconds(2),
        ReadCloudAtMostEvery = TimeSpan.FromMilliseconds(500),
    };

    /// <summary>Until it is cancelled; then nothing of the sandbox is left.</summary>
    /// <param name="up">Called once it answers.</param>
    /// <exception cref="EbbException">It runs already, or a port is taken.</exception>
    public static async Task RunAsync(SandboxHome home, SandboxSettings settings, Action<SandboxState> up, CancellationToken ct)
    {
        using var held = await LockAsync(home, TimeProvider.System, ct);

        // Whatever one that was killed left behind is void: its machines died with it.
        home.Clear();
        var time = TimeProvider.System;
        try
        {
            using var loggers = LoggerFactory.Create(logging => logging
                .SetMinimumLevel(LogLevel.Information).AddProvider(new LogFile(home.Log, time)));
            using var world = new SandboxWorld(time, SandboxCluster.Options(settings));
            var client = new AzureClient(world.Cloud.Options.TenantId, Guid.NewGuid().ToString(), Secret());
            using var authority = Authority.Create("ebb sandbox", time);
            using var azure = new AzureFace(world.Cloud, new AzureFaceOptions { Apps = [new AppRegistration(client.Id, client.Secret)] });
            await using var kubernetes = await ServeAsync(world.Kubernetes.Api, authority, settings.Port, ct);
            await using var cloud = await AzureHost.StartAsync(azure, authority, 0, 0, ct);
            SandboxCluster.Furnish(world.Cloud, settings);
            home.WriteAuthority(authority.CertificatePem);
            home.WriteKubeconfig(kubernetes.Kubeconfig($"ebb-{home.Name}"));
            var state = new SandboxState
            {
                Name = home.Name,
                Host = ProcessMark.OfThisProcess(),
                StartedAt = time.GetUtcNow(),
                Kubernetes = kubernetes.Address.ToString(),
                Azure = new AzureAccess
                {
                    Subscription = world.Cloud.Options.SubscriptionId,
                    ResourceGroup = SandboxCluster.ResourceGroup,
                    Endpoint = cloud.Https.ToString(),
                    AuthorityFile = home.Authority,
                    Client = client,
                },
            };
            await using var target = Target.Open(home, state.Azure, loggers);
            await target.ProbeAsync(ct);
            home.Write(state);
            up(state);
            await Controller.RunAsync(target, Loop, ct);
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

    // Whoever only asks whether it runs holds the lock too, for an instant.
    private static async Task<FileStream> LockAsync(SandboxHome home, TimeProvider time, CancellationToken ct)
    {
        for (var attempt = 0; attempt < 20; attempt++)
        {
            if (home.TryLock() is { } held)
            {
                return held;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), time, ct);
        }

        throw new EbbException($"Sandbox '{home.Name}' runs already, or is being started or ended by another process.");
    }

    private static async Task<KubernetesFace> ServeAsync(KubeApi api, Authority authority, int port, CancellationToken ct)
    {
        try
        {
            return await KubernetesFace.StartAsync(api, authority, new KubernetesFaceOptions { Port = port }, ct);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new EbbException(
                $"Port {port} on 127.0.0.1 is taken by another process. Choose another with --port, or leave it out for any that is free.", e);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied)
        {
            throw new EbbException($"Port {port} is for privileged users. Choose one above 1023 with --port.", e);
        }
    }

    private static string Secret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
}
