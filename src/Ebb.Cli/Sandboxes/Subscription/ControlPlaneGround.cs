using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.Clusters;
using Ebb.Clouds;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Sandbox.Cloud;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>What control-plane machines stand on: the subscription around them.</summary>
internal sealed class ControlPlaneGround(SandboxSubscription subscription)
{
    private const int MostCertificate = 64 << 10;

    public AzureAccess Access => subscription.Access;

    /// <summary>The authority to trust at the cloud's own addresses.</summary>
    public string AuthorityFile => subscription.Access.AuthorityFile;

    /// <summary>Below it each machine has a directory: its disk.</summary>
    public string Directory => Path.Combine(subscription.Home.Path, "control-plane");

    public Uri MetadataOf(Instance machine) => subscription.Host.MetadataOf(machine.Group, machine.Set, machine.Id);

    /// <summary>The file service of an account.</summary>
    public Uri FilesOf(string account) => new(subscription.Host.Https, $"{account}.file/");

    /// <summary>As the network knows it: the one address that leads to the control plane.</summary>
    public async Task<PublicAddress> PublicAddressAsync(string group, CancellationToken ct) =>
        (await new PublicAddresses(subscription.Arm).ListAsync(group, ct)).FirstOrDefault(a => a.Address is not null)
            ?? throw new CloudException($"Resource group '{group}' has no public address for its control plane.");

    /// <summary>Whose word about machines counts in this cloud, as PEM.</summary>
    public async Task<string> AttestationRootsAsync(CancellationToken ct)
    {
        // What stands between the root and the signer is fetched here, since it lies on this machine, where join servers fetch nothing.
        using var http = new HttpMessageInvoker(AzureHttp.Handler(null));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(subscription.Host.Http, "pki/certs/metadata-intermediate.crt"));
        using var answer = await http.SendAsync(request, ct);
        if (answer.StatusCode is not HttpStatusCode.OK)
        {
            throw new CloudException($"The sandbox's Azure gives no certificate of its metadata service: {(int)answer.StatusCode}.", answer.StatusCode);
        }

        await answer.Content.LoadIntoBufferAsync(MostCertificate, ct);
        using var intermediate = X509CertificateLoader.LoadCertificate(await answer.Content.ReadAsByteArrayAsync(ct));
        return $"{subscription.Face.AttestationRootPem}{intermediate.ExportCertificatePem()}\n";
    }
}
