using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.Clusters;
using Ebb.Clouds;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>The two authorities of a cluster's API, each the path of a certificate and of its key without the endings.</summary>
internal sealed record KubernetesAuthorities(string Server, string Clients);

/// <summary>What control-plane machines stand on: the subscription around them.</summary>
internal sealed class ControlPlaneGround(
    SandboxHome home, AzureAccess access, AzureFace face, AzureHost host, SandboxNetwork network)
{
    private const int MostCertificate = 64 << 10;

    public AzureAccess Access => access;

    public SandboxNetwork Network => network;

    /// <summary>The authority to trust at the cloud's own addresses.</summary>
    public string AuthorityFile => access.AuthorityFile;

    /// <summary>Below it each machine has a directory: its disk.</summary>
    public string Directory => Path.Combine(home.Path, "control-plane");

    public Uri MetadataOf(Instance machine) => host.MetadataOf(machine.Group, machine.Set, machine.Id);

    /// <summary>The file service of an account.</summary>
    public Uri FilesOf(string account) => new(host.Https, $"{account}.file/");

    /// <summary>Whose word about machines counts in this cloud, as PEM.</summary>
    public async Task<string> AttestationRootsAsync(CancellationToken ct)
    {
        // What stands between the root and the signer is fetched here, since it lies on this machine, where join servers fetch nothing.
        using var http = new HttpMessageInvoker(AzureHttp.Handler(null));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Http, "pki/certs/metadata-intermediate.crt"));
        using var answer = await http.SendAsync(request, ct);
        if (answer.StatusCode is not HttpStatusCode.OK)
        {
            throw new CloudException($"The sandbox's Azure gives no certificate of its metadata service: {(int)answer.StatusCode}.", answer.StatusCode);
        }

        await answer.Content.LoadIntoBufferAsync(MostCertificate, ct);
        using var intermediate = X509CertificateLoader.LoadCertificate(await answer.Content.ReadAsByteArrayAsync(ct));
        return $"{face.AttestationRootPem}{intermediate.ExportCertificatePem()}\n";
    }
}
