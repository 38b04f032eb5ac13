using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Ebb.Clouds.Azure;

/// <summary>What Azure tells a machine about itself.</summary>
/// <param name="ScaleSet">Name of the scale set it belongs to; empty for a machine on its own.</param>
/// <param name="Cloud">For example <c>AzurePublicCloud</c>.</param>
public sealed record MachineFacts(string SubscriptionId, string ResourceGroup, string Location, string ScaleSet, string Name, string VmId, string Cloud);

/// <summary>Asks the instance metadata service of the machine that this program runs on.</summary>
/// <param name="http">Goes straight to the address: a proxy must not come between, see <see cref="NewHandler"/>.</param>
/// <param name="address">Default <see cref="Default"/>.</param>
public sealed class InstanceMetadata(HttpMessageInvoker http, Uri address, TimeProvider time, Random random)
{
    private readonly MetadataHttp _service = new(http, address, time, random);

    public static Uri Default { get; } = new("http://169.254.169.254/");

    public static SocketsHttpHandler NewHandler() => new() { UseProxy = false, AllowAutoRedirect = false, ConnectTimeout = MetadataHttp.CallTimeout };

    /// <summary>Reads what this machine is; null when nothing answers, that is outside Azure.</summary>
    /// <exception cref="CloudException">The service answered, but not with what was asked for.</exception>
    public async Task<MachineFacts?> MachineAsync(CancellationToken ct)
    {
        // vmScaleSetName came with 2017-12-01, azEnvironment with 2018-10-01; this one is on every host by now.
        var (status, body) = await _service.GetAsync("metadata/instance/compute?api-version=2021-02-01&format=json", retryUnreachable: false, ct);
        if (status is null)
        {
            return null;
        }

        if (status is not HttpStatusCode.OK || Read(body, ArmJson.Default.WireMachine) is not { SubscriptionId: { } subscription, ResourceGroupName: { } group } machine)
        {
            throw new CloudException($"The instance metadata service at {address} answered {(int)status} without subscription and resource group.", status);
        }

        return new MachineFacts(
            subscription,
            group,
            machine.Location ?? "",
            machine.VmScaleSetName ?? "",
            machine.Name ?? "",
            machine.VmId ?? "",
            machine.AzEnvironment ?? "");
    }

    /// <summary>Gets a token of the machine's managed identity. To be used as a <see cref="TokenSource"/>.</summary>
    /// <param name="resource">For whom: the resource manager's address, with a slash at the end.</param>
    /// <param name="clientId">Which identity when the machine has several; null for the only one.</param>
    /// <exception cref="EbbException">The machine has no such identity, or is not in Azure.</exception>
    public async ValueTask<AccessToken> TokenAsync(string resource, string? clientId, CancellationToken ct)
    {
        var query = $"metadata/identity/oauth2/token?api-version=2018-02-01&resource={Uri.EscapeDataString(resource)}"
            + (clientId is null ? "" : $"&client_id={Uri.EscapeDataString(clientId)}");
        var (status, body) = await _service.GetAsync(query, retryUnreachable: true, ct);
        switch (status)
        {
            case null:
                throw new EbbException($"Nothing answers at {address}: only a machine in Azure has a managed identity. Sign in with the Azure CLI, or set AZURE_CLIENT_ID and its secret.");
            case HttpStatusCode.OK when Read(body, ArmJson.Default.WireToken) is { AccessToken: { Length: > 0 } token } answer:
                return new AccessToken(token, Expiry(answer));
            case HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden:
                var error = Read(body, ArmJson.Default.WireTokenError);
                throw new EbbException(
                    $"This machine gets no token for its managed identity{(clientId is null ? "" : $" '{clientId}'")}: {error?.Error} {error?.Description}. " +
                    "Assign an identity to the machine, or name one of several by its client id.");
            default:
                throw new CloudException($"The instance metadata service at {address} answered {(int)status} without a token.", status);
        }
    }

    /// <summary>The address that other machines of the network reach this one at.</summary>
    /// <exception cref="CloudException">The service did not answer with it.</exception>
    public async Task<IPAddress> AddressAsync(CancellationToken ct)
    {
        const string Path = "metadata/instance/network/interface/0/ipv4/ipAddress/0/privateIpAddress?api-version=2021-02-01&format=text";
        var (status, body) = await _service.GetAsync(Path, retryUnreachable: true, ct);
        return status is HttpStatusCode.OK && IPAddress.TryParse(Encoding.UTF8.GetString(body).Trim(), out var found)
            ? found
            : throw Unanswered(status, "an address of this machine");
    }

    /// <summary>Asks for a document, signed by Azure, that says which machine this is.</summary>
    /// <param name="nonce">Stands in the document: up to 32 letters and digits.</param>
    /// <returns>Base64 of PKCS #7.</returns>
    /// <exception cref="CloudException">The service did not answer with one.</exception>
    public async Task<string> AttestedDocumentAsync(string nonce, CancellationToken ct)
    {
        var (status, body) = await _service.GetAsync(
            $"metadata/attested/document?api-version=2020-09-01&nonce={Uri.EscapeDataString(nonce)}", retryUnreachable: true, ct);
        return status is HttpStatusCode.OK && Read(body, MetadataJson.Default.WireAttested) is { Signature: { Length: > 0 } signature }
            ? signature
            : throw Unanswered(status, "an attested document");
    }

    private CloudException Unanswered(HttpStatusCode? status, string what) => new(
        status is null
            ? $"The instance metadata service at {address} did not answer when asked for {what}."
            : $"The instance metadata service at {address} answered {(int)status} instead of {what}.",
        status);

    private DateTimeOffset Expiry(WireToken token)
    {
        const NumberStyles Digits = NumberStyles.None;
        if (long.TryParse(token.ExpiresOn, Digits, CultureInfo.InvariantCulture, out var on) && on < DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            return DateTimeOffset.FromUnixTimeSeconds(on);
        }

        // Without either it is used for this call and asked for anew at the next.
        return time.GetUtcNow() + TimeSpan.FromSeconds(int.TryParse(token.ExpiresIn, Digits, CultureInfo.InvariantCulture, out var s) ? s : 0);
    }

    private static T? Read<T>(byte[] body, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body, type);
        }
        catch (JsonException)
        {
            // The caller says what it missed.
            return null;
        }
    }
}
