using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure;

/// <summary>What the cloud attests of a machine.</summary>
/// <param name="Sku">Of its image.</param>
internal sealed record AttestedMachine(string VmId, string SubscriptionId, string Sku);

/// <summary>
/// The attested document: what a machine is, with a nonce of the caller's choice, signed so that whoever the machine shows it to
/// can check it. Signed data of PKCS #7 over the plain content, without signed attributes, the signer's certificate alone within.
/// </summary>
internal sealed class AttestedData(AttestationSigner signer, TimeProvider time)
{
    private const string First = "2018-10-01";
    private const string WithSubscription = "2020-09-01";
    private const int LongestNonce = 32;

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(6);

    // Times as the documents have them: no zone but UTC, and a year of two digits.
    private const string TimeFormat = "MM/dd/yy HH:mm:ss -0000";

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public ArmReply Answer(ArmRequest r, AttestedMachine machine)
    {
        if (string.CompareOrdinal(r.ApiVersion, First) < 0)
        {
            return Error("Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds");
        }

        var nonce = r.Query["nonce"].ToString();
        if (nonce.Length > LongestNonce || !nonce.All(char.IsAsciiLetterOrDigit))
        {
            return Error($"Bad request. The nonce may have up to {LongestNonce} letters and digits");
        }

        return new ArmReply(200, new JsonObject
        {
            ["encoding"] = "pkcs7",
            ["signature"] = Convert.ToBase64String(Sign(machine, nonce, r.ApiVersion, r.BaseUrl)),
        });
    }

    private byte[] Sign(AttestedMachine machine, string nonce, string version, string baseUrl)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var content = new JsonObject
        {
            ["licenseType"] = "",
            ["nonce"] = nonce.Length > 0 ? nonce : now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture),
            ["plan"] = new JsonObject { ["name"] = "", ["product"] = "", ["publisher"] = "" },
            ["timeStamp"] = new JsonObject
            {
                ["createdOn"] = now.ToString(TimeFormat, CultureInfo.InvariantCulture),
                ["expiresOn"] = (now + Lifetime).ToString(TimeFormat, CultureInfo.InvariantCulture),
            },
            ["vmId"] = machine.VmId,
        };
        if (string.CompareOrdinal(version, WithSubscription) >= 0)
        {
            content["subscriptionId"] = machine.SubscriptionId;
            content["sku"] = machine.Sku;
        }
        else
        {
            content.Remove("licenseType");
        }

        var data = new SignedCms(new ContentInfo(Encoding.UTF8.GetBytes(content.ToJsonString(Plain))));
        data.ComputeSignature(new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, signer.Leaf(baseUrl))
        {
            DigestAlgorithm = new Oid("2.16.840.1.101.3.4.2.1"),
            IncludeOption = System.Security.Cryptography.X509Certificates.X509IncludeOption.EndCertOnly,
        });
        return WithAlgorithmOfSignature(data.Encode());
    }

    /// <summary>As Azure writes it, with RSA-SHA256 where the digest's name belongs. Both names have the same length, and stand nowhere else.</summary>
    private static byte[] WithAlgorithmOfSignature(byte[] message)
    {
        ReadOnlySpan<byte> digest = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
        ReadOnlySpan<byte> signature = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
        for (var at = message.AsSpan().IndexOf(digest); at >= 0; at = message.AsSpan().IndexOf(digest))
        {
            signature.CopyTo(message.AsSpan(at));
        }

        return message;
    }

    private static ArmReply Error(string error) => new(400, new JsonObject { ["error"] = error });
}
