using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

/// <summary>The attested document as those who check it see it.</summary>
public class AttestedDocumentTests
{
    private const string Path = "attested/document?api-version=2020-09-01";

    [Fact]
    public async Task It_says_which_machine_asked_with_the_nonce_that_was_given_and_for_how_long()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));

        var (_, content) = await DocumentAsync(lab, Path + "&nonce=1234567890");

        var machine = lab.Cloud.Current.Instances[0];
        Assert.Equal("1234567890", (string?)content["nonce"]);
        Assert.Equal(machine.VmId, (string?)content["vmId"]);
        Assert.Equal(machine.SubscriptionId, (string?)content["subscriptionId"]);
        Assert.Equal("12-gen2", (string?)content["sku"]);
        Assert.Equal(("01/01/26 00:03:00 -0000", "01/01/26 06:03:00 -0000"), ((string?)content["timeStamp"]!["createdOn"], (string?)content["timeStamp"]!["expiresOn"]));
    }

    [Fact]
    public async Task It_is_plain_signed_data_without_signed_attributes_and_with_the_signer_s_certificate_alone()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));

        var (cms, _) = await DocumentAsync(lab, Path);

        var signer = Assert.Single(cms.SignerInfos.Cast<SignerInfo>());
        Assert.Equal((1, "1.2.840.113549.1.7.1"), (cms.Version, cms.ContentInfo.ContentType.Value));
        Assert.Equal("1.2.840.113549.1.1.11", signer.DigestAlgorithm.Value);
        Assert.Empty(signer.SignedAttributes);
        Assert.Equal(signer.Certificate, Assert.Single(cms.Certificates));
        cms.CheckSignature(verifySignatureOnly: true);
        using var key = signer.Certificate!.GetRSAPublicKey()!;
        Assert.True(key.VerifyData(cms.ContentInfo.Content, signer.GetSignature(), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    [Fact]
    public async Task Its_signer_is_the_metadata_service_under_the_sandbox_s_root_by_an_intermediate_that_the_face_serves()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        using var root = X509Certificate2.CreateFromPem(lab.Face.AttestationRootPem);
        var (cms, _) = await DocumentAsync(lab, Path);
        var leaf = cms.Certificates[0];

        var names = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames();
        var issuer = leaf.Extensions.OfType<X509AuthorityInformationAccessExtension>().Single().EnumerateCAIssuersUris().Single();
        using var intermediate = X509CertificateLoader.LoadCertificate(await lab.DownloadAsync(new Uri(issuer).AbsolutePath));

        Assert.Equal(["metadata.azure.com", "eastus.metadata.azure.com"], names);
        Assert.False(Builds(lab, leaf, root, null));
        Assert.True(Builds(lab, leaf, root, intermediate));
    }

    [Fact]
    public async Task A_signer_is_followed_by_another_before_its_time_is_over()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        using var root = X509Certificate2.CreateFromPem(lab.Face.AttestationRootPem);
        var (first, _) = await DocumentAsync(lab, Path);

        lab.Cloud.Time.Advance(TimeSpan.FromDays(300));
        var (second, _) = await DocumentAsync(lab, Path);

        using var intermediate = X509CertificateLoader.LoadCertificate(await lab.DownloadAsync(
            new Uri(second.Certificates[0].Extensions.OfType<X509AuthorityInformationAccessExtension>().Single().EnumerateCAIssuersUris().Single()).AbsolutePath));
        Assert.NotEqual(first.Certificates[0].SerialNumber, second.Certificates[0].SerialNumber);
        Assert.False(Builds(lab, first.Certificates[0], root, intermediate));
        Assert.True(Builds(lab, second.Certificates[0], root, intermediate));
    }

    [Fact]
    public async Task Without_a_nonce_the_instant_is_taken_and_older_versions_say_less()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));

        var (_, now) = await DocumentAsync(lab, Path);
        var (_, old) = await DocumentAsync(lab, "attested/document?api-version=2018-10-01&nonce=a1");

        Assert.Equal("20260101-000300", (string?)now["nonce"]);
        Assert.Equal(["nonce", "plan", "timeStamp", "vmId"], old.Select(m => m.Key).Order());
    }

    [Theory]
    [InlineData("attested/document")]
    [InlineData("attested/document?api-version=2017-03-01")]
    [InlineData("attested/document?api-version=2020-09-01&nonce=123456789012345678901234567890123")]
    [InlineData("attested/document?api-version=2020-09-01&nonce=%22%7D")]
    [InlineData("attested/document?api-version=2020-09-01&nonce=1&nonce=2")]
    public async Task What_is_asked_wrongly_is_refused(string path)
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));

        Assert.Equal(400, (await lab.MetadataAsync(path)).Code);
    }

    private static async Task<(SignedCms Cms, JsonObject Content)> DocumentAsync(FaceLab lab, string path)
    {
        var answer = await lab.MetadataAsync(path);
        Assert.Equal((200, "pkcs7"), (answer.Code, (string?)answer.Json["encoding"]));
        var bytes = Convert.FromBase64String((string)answer.Json["signature"]!);

        // Distinguished encoding, as checkers in other languages insist on.
        _ = new AsnReader(bytes, AsnEncodingRules.DER).ReadSequence();
        var cms = new SignedCms();
        cms.Decode(bytes);
        return (cms, JsonNode.Parse(cms.ContentInfo.Content)!.AsObject());
    }

    private static bool Builds(FaceLab lab, X509Certificate2 leaf, X509Certificate2 root, X509Certificate2? intermediate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = lab.Cloud.Time.GetUtcNow().UtcDateTime;
        if (intermediate is not null)
        {
            chain.ChainPolicy.ExtraStore.Add(intermediate);
        }

        return chain.Build(leaf);
    }
}
