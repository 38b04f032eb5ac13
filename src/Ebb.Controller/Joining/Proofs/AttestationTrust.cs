using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Controller.Joining.Proofs;

/// <summary>Whose signature under an attested document is believed.</summary>
internal sealed record AttestationTrust
{
    // Those that Azure's certificates have ended in so far; a root of anyone else does not vouch for a cloud.
    private static readonly string[] Organizations = ["DigiCert Inc", "Microsoft Corporation"];

    /// <summary>The roots that a signer's chain must end in.</summary>
    public required ImmutableArray<X509Certificate2> Roots { get; init; }

    /// <summary>The signer's certificate is for this name, or for one below it: <c>metadata.azure.com</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The subscription that the machines are in.</summary>
    public required string SubscriptionId { get; init; }

    /// <summary>Public authorities of this machine's store that vouch for Azure.</summary>
    /// <exception cref="EbbException">There is none.</exception>
    public static ImmutableArray<X509Certificate2> PublicRoots()
    {
        using var store = new X509Store(StoreName.Root, StoreLocation.LocalMachine);
        store.Open(OpenFlags.ReadOnly);
        ImmutableArray<X509Certificate2> roots =
            [.. store.Certificates.Where(root => Organizations.Any(name => root.Subject.Contains($"O={name}", StringComparison.Ordinal)))];
        return roots.Length > 0
            ? roots
            : throw new EbbException(
                "This machine's certificate store has no root of DigiCert or Microsoft, so no machine could prove that it is Azure's. "
                + "Install the package ca-certificates, or name the roots with --join-attestation-roots.");
    }

    /// <summary>What Azure's clouds put into the certificates of their metadata services, by the resource manager in use.</summary>
    public static string NameFor(Uri resourceManager) => resourceManager.Host switch
    {
        "management.usgovcloudapi.net" => "metadata.azure.us",
        "management.chinacloudapi.cn" => "metadata.azure.cn",
        _ => "metadata.azure.com",
    };
}
