namespace Ebb.Kubernetes.Config;

/// <summary>A credential that stands in the kubeconfig itself. Someone may renew it there while it is in use.</summary>
/// <param name="again">Reads the kubeconfig as it is now.</param>
internal sealed class WrittenCredential(KubeCredential first, Func<KubeConnection> again)
{
    private volatile KubeCredential _last = first;

    public async ValueTask<KubeCredential> GetAsync(KubeCredential? refused, CancellationToken ct)
    {
        if (!ReferenceEquals(refused, _last))
        {
            return _last;
        }

        try
        {
            return _last = await again().Credential(null, ct);
        }
        catch (EbbException)
        {
            // While it is being written the last one will do; if it will not, the server says so once more.
            return _last;
        }
    }
}
