using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ebb.Joining;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Joining;

/// <summary>A machine that is a node proves with its certificate that it is.</summary>
public sealed class NodeCertificateTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_proves_itself_with_its_own_certificate_for_leaving_and_not_for_joining()
    {
        using var nodes = Nodes("nodes");
        await using var lab = await JoinLab.StartAsync((lab, options) => options with { NodeAuthorityFile = lab.SecretFile("nodes.crt", nodes.ExportCertificatePem()) });
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        using var certificate = Certificate(nodes, "system:node:agents000001", "system:nodes");

        using var left = await LeaveAsync(lab, certificate);
        using var joined = await lab.JoinAsync(Proof(certificate, await lab.NonceAsync(), JoinPaths.Join));

        Assert.True(left.StatusCode is HttpStatusCode.OK, lab.Audit);
        Assert.Equal(HttpStatusCode.Forbidden, joined.StatusCode);
    }

    [Theory]
    [InlineData("another authority", "wrong-chain")]
    [InlineData("not a node", "wrong-signer")]
    [InlineData("a node's name without its group", "wrong-signer")]
    [InlineData("signed for another request", "forged")]
    [InlineData("signed by another key", "forged")]
    [InlineData("a node that is not there", "not-a-member")]
    public async Task A_certificate_that_is_not_this_node_s_is_worth_nothing(string what, string outcome)
    {
        using var nodes = Nodes("nodes");
        using var others = Nodes("others");
        await using var lab = await JoinLab.StartAsync((lab, options) => options with { NodeAuthorityFile = lab.SecretFile("nodes.crt", nodes.ExportCertificatePem()) });
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        using var good = Certificate(nodes, "system:node:agents000001", "system:nodes");
        using var certificate = what switch
        {
            "another authority" => Certificate(others, "system:node:agents000001", "system:nodes"),
            "not a node" => Certificate(nodes, "admin", "system:masters"),
            "a node's name without its group" => Certificate(nodes, "system:node:agents000001", "system:masters"),
            "a node that is not there" => Certificate(nodes, "system:node:agents000009", "system:nodes"),
            _ => Certificate(nodes, "system:node:agents000001", "system:nodes"),
        };
        var proof = Proof(certificate, await lab.NonceAsync(), what == "signed for another request" ? JoinPaths.Notice : JoinPaths.Leave);
        proof = what == "signed by another key" ? proof with { Document = good.ExportCertificatePem() } : proof;

        using var response = await lab.PostAsync(
            JoinPaths.Leave, new LeaveRequest { Proof = proof, Reason = LeaveReasons.Shutdown, SecondsLeft = 3 }, JoinJson.Default.LeaveRequest);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains($"\"outcome\":\"{outcome}\"", lab.Audit, StringComparison.Ordinal);
        Assert.NotNull(await lab.NodeAsync(machine));
    }

    private static async Task<HttpResponseMessage> LeaveAsync(JoinLab lab, X509Certificate2 certificate) => await lab.PostAsync(
        JoinPaths.Leave,
        new LeaveRequest { Proof = Proof(certificate, await lab.NonceAsync(), JoinPaths.Leave), Reason = LeaveReasons.Reboot, SecondsLeft = 2 },
        JoinJson.Default.LeaveRequest);

    private static Proof Proof(X509Certificate2 certificate, string nonce, string path)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        var message = Encoding.UTF8.GetBytes(ProofKinds.NodeCertificateMessage(nonce, path));
        return new Proof
        {
            Kind = ProofKinds.NodeCertificate,
            Nonce = nonce,
            Document = certificate.ExportCertificatePem(),
            Signature = Convert.ToBase64String(key.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)),
        };
    }

    private static X509Certificate2 Nodes(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private static X509Certificate2 Certificate(X509Certificate2 authority, string user, string group)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"O={group}, CN={user}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.Create(authority, now.AddHours(-1), now.AddHours(1), [1, 2, 3]);
        return made.CopyWithPrivateKey(key);
    }
}
