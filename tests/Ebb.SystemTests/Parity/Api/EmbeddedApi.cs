using Ebb.Sandbox;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Kubernetes.Api;
using Ebb.Sandbox.Kubernetes.Face;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.SystemTests.Parity.Api;

/// <summary>The sandbox's API server with no controllers behind it, as the real one is without its controller manager.</summary>
internal sealed class EmbeddedApi : IAsyncDisposable
{
    private readonly Agenda _agenda;
    private readonly KubernetesFace _face;

    private EmbeddedApi(Agenda agenda, KubernetesFace face)
    {
        _agenda = agenda;
        _face = face;
    }

    public Uri Address => _face.Address;

    public static async Task<EmbeddedApi> StartAsync(Authority authority, CancellationToken ct)
    {
        var agenda = new Agenda(TimeProvider.System);
        var api = new KubeApi(new ObjectStore(agenda, new Random(1)));
        api.Seed(authority.CertificatePem);
        return new EmbeddedApi(agenda, await KubernetesFace.StartAsync(api, authority, new KubernetesFaceOptions(), ct));
    }

    public async ValueTask DisposeAsync()
    {
        await _face.DisposeAsync();
        _agenda.Dispose();
    }
}
