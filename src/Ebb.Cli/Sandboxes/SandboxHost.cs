using System.Security.Cryptography;
using Ebb.Acting;
using Ebb.Cli.Clusters;
using Ebb.Cli.Running;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Certificates;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes;

/// <summary>
/// One process that is a cloud with its machines, a cluster or what looks after a real one, and beside them Ebb's controller,
/// which reaches both as it would the real ones: over HTTPS, by a kubeconfig and a service principal.
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

    /// <summary>Until it is cancelled; then nothing of the sandbox is left, but for a real cluster's data.</summary>
    /// <param name="up">Called once it answers.</param>
    /// <exception cref="EbbException">It runs already, a port is taken, or what is asked for is not what there is.</exception>
    public static async Task RunAsync(SandboxHome home, SandboxSettings settings, Action<SandboxState> up, CancellationToken ct)
    {
        using var held = await LockAsync(home, TimeProvider.System, ct);
        var kind = home.KindFor(settings);

        // Whatever one that was killed left behind is void, its machines died with it; but for a real cluster's data.
        home.Clear();
        var time = TimeProvider.System;
        try
        {
            using var loggers = LoggerFactory.Create(logging => logging
                .SetMinimumLevel(LogLevel.Information).AddProvider(new LogFile(home.Log, time)));
            using var authority = Authority.Create("ebb sandbox", time);
            await using ISandboxKubernetes kubernetes = kind is KubernetesKind.Real
                ? await RealKubernetes.StartAsync(home, settings, time, loggers, ct)
                : await EmbeddedKubernetes.StartAsync(home, settings, authority, time, ct);
            var world = kubernetes.Cloud;
            var client = new AzureClient(world.Options.TenantId, Guid.NewGuid().ToString(), Secret());
            using var azure = new AzureFace(world, new AzureFaceOptions { Apps = [new AppRegistration(client.Id, client.Secret)] });
            await using var cloud = await AzureHost.StartAsync(azure, authority, 0, 0, ct);
            await kubernetes.ServeMachinesAsync(azure, ct);
            SandboxCluster.Furnish(kubernetes, settings);
            home.WriteAuthority(authority.CertificatePem);
            var state = new SandboxState
            {
                Name = home.Name,
                Host = ProcessMark.OfThisProcess(),
                StartedAt = time.GetUtcNow(),
                Kind = kind,
                Machines = kubernetes.Machines,
                Placement = kubernetes.Placement,
                Kubernetes = kubernetes.Address.ToString(),
                Azure = new AzureAccess
                {
                    Subscription = world.Options.SubscriptionId,
                    ResourceGroup = SandboxCluster.ResourceGroup,
                    Endpoint = cloud.Https.ToString(),
                    AuthorityFile = home.Authority,
                    Client = client,
                },
            };
            var told = false;
            await kubernetes.RunAsync(ControlAsync, ct);

            async Task ControlAsync(CancellationToken ct)
            {
                await using var target = Target.Open(kubernetes.ControllerKubeconfig, state.Azure, loggers);
                await target.ProbeAsync(ct);
                if (!told)
                {
                    told = true;
                    home.Write(state);
                    up(state);
                }

                if (kubernetes.Joining is not { } joining)
                {
                    await ControllerRun.RunAsync(target, Loop, joining: null, watch: null, ct);
                    return;
                }

                await using var serving = await JoinServing.StartAsync(target, joining, ct);
                await using var way = await kubernetes.LeadAsync(serving.Server.Address);
                await ControllerRun.RunAsync(target, Loop, serving.Server, watch: null, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            if (kind is KubernetesKind.Real)
            {
                home.Clear();
            }
            else
            {
                home.Clean();
            }
        }
        catch
        {
            // What it logged, and what it is about to say, is for whoever asks why.
            home.Clear();
            throw;
        }
    }

    // Whoever only asks whether it runs holds the lock too, for an instant.
    public static async Task<FileStream> LockAsync(SandboxHome home, TimeProvider time, CancellationToken ct)
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

    private static string Secret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
}
