using System.Net;
using System.Net.Sockets;
using Ebb.Controller.Joining;
using Ebb.Sandbox;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Api;
using Ebb.Sandbox.Kubernetes.Face;
using Microsoft.AspNetCore.Connections;

namespace Ebb.Cli.Sandboxes;

/// <summary>A cluster and its machines acted out in this process; nothing of it outlives it.</summary>
internal sealed class EmbeddedKubernetes : ISandboxKubernetes
{
    private readonly SandboxWorld _world;
    private readonly KubernetesFace _face;

    private EmbeddedKubernetes(SandboxWorld world, KubernetesFace face, string kubeconfig)
    {
        (_world, _face, Kubeconfig) = (world, face, kubeconfig);
    }

    public KubernetesKind Kind => KubernetesKind.Embedded;

    public CloudWorld Cloud => _world.Cloud;

    public Uri Address => _face.Address;

    public string Kubeconfig { get; }

    public string ControllerKubeconfig => Kubeconfig;

    public MachineKind? Machines => null;

    public Placement? Placement => null;

    public int MostMachines => int.MaxValue;

    public string? CustomDataOf(string pool) => null;

    public JoinServerOptions? Joining => null;

    public Task<IAsyncDisposable> LeadAsync(IPEndPoint joinServer) => throw new InvalidOperationException("Machines of an embedded cluster ask nobody.");

    public static async Task<EmbeddedKubernetes> StartAsync(
        SandboxHome home, SandboxSettings settings, Authority authority, TimeProvider time, CancellationToken ct)
    {
        var world = new SandboxWorld(time, SandboxCluster.Options(settings));
        try
        {
            var face = await ServeAsync(world.Kubernetes.Api, authority, settings.Port, ct);
            home.WriteKubeconfig(face.Kubeconfig($"ebb-{home.Name}"));
            return new EmbeddedKubernetes(world, face, home.Kubeconfig);
        }
        catch
        {
            world.Dispose();
            throw;
        }
    }

    // They are part of the world, and were there before the cloud had any.
    public Task ServeMachinesAsync(AzureFace azure, CancellationToken ct) => Task.CompletedTask;

    public Task RunAsync(Func<CancellationToken, Task> controller, CancellationToken ct) => controller(ct);

    public async ValueTask DisposeAsync()
    {
        await _face.DisposeAsync();
        _world.Dispose();
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
}
