using System.Net;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Joining;

// Where the certificates of those who issued the signer's come from, and which are believed.
public sealed partial class AttestationTests
{
    [Fact]
    public async Task A_new_root_that_a_known_one_has_signed_too_is_believed()
    {
        await using var lab = await JoinLab.StartAsync();
        var renewed = lab.Attestor.Renewed();
        lab.Issuers.Serve(NewHierarchy.BetweenAddress, renewed.Between);
        lab.Issuers.Serve(NewHierarchy.RootAddress, renewed.Root);
        lab.Issuers.Serve(NewHierarchy.CrossedAddress, renewed.Crossed);
        var machine = lab.AddMachine(1);
        var nonce = await lab.NonceAsync();

        using var response = await lab.JoinAsync(JoinLab.ProofOf(nonce, lab.Attestor.Sign(Content(machine, nonce), renewed.Leaf)));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_new_root_that_nobody_vouches_for_is_not_believed_though_it_is_fetched()
    {
        await using var lab = await JoinLab.StartAsync();
        var renewed = Stranger.Value.Renewed();
        lab.Issuers.Serve(NewHierarchy.BetweenAddress, renewed.Between);
        lab.Issuers.Serve(NewHierarchy.RootAddress, renewed.Root);
        lab.Issuers.Serve(NewHierarchy.CrossedAddress, renewed.Crossed);
        var machine = lab.AddMachine(1);
        var nonce = await lab.NonceAsync();

        using var response = await lab.JoinAsync(JoinLab.ProofOf(nonce, Stranger.Value.Sign(Content(machine, nonce), renewed.Leaf)));

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains("\"outcome\":\"wrong-chain\"", lab.Audit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nothing_outside_is_reached_certificates_between_come_with_the_roots_also_while_the_server_runs()
    {
        await using var lab = await JoinLab.StartAsync((lab, options) =>
        {
            lab.Issuers.Close();
            return options with { AttestationRootsFile = lab.SecretFile("given.pem", lab.Attestor.RootPem) };
        });
        using var refused = await lab.JoinAsync(lab.AddMachine(1));
        lab.SecretFile("given.pem", lab.Attestor.RootPem + lab.Attestor.Between.ExportCertificatePem() + "\n");
        await Task.Delay(TimeSpan.FromSeconds(1.2), TimeProvider.System, Ct);
        var asked = lab.Issuers.Asked.Count;

        using var admitted = await lab.JoinAsync(lab.AddMachine(2));

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.OK), (refused.StatusCode, admitted.StatusCode));
        Assert.Contains("\"outcome\":\"wrong-chain\"", lab.Audit, StringComparison.Ordinal);
        Assert.Equal(asked, lab.Issuers.Asked.Count);
    }

    [Fact]
    public async Task Roots_that_nobody_has_put_there_yet_are_the_public_ones_until_somebody_does()
    {
        await using var lab = await JoinLab.StartAsync((lab, options) => options with
        {
            AttestationRootsFile = Path.Combine(lab.Folder, "later.pem"),
            AttestationRootsMayBeMissing = true,
        });
        using var refused = await lab.JoinAsync(lab.AddMachine(1));
        lab.SecretFile("later.pem", lab.Attestor.RootPem);
        await Task.Delay(TimeSpan.FromSeconds(1.2), TimeProvider.System, Ct);

        using var admitted = await lab.JoinAsync(lab.AddMachine(2));

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.OK), (refused.StatusCode, admitted.StatusCode));
    }

    [Theory]
    [InlineData("http://169.254.169.254/metadata/identity")]
    [InlineData("http://evil.example/between.crt")]
    [InlineData("http://www.microsoft.com:8080/between.crt")]
    [InlineData("http://cacerts.digicert.com.evil.example/between.crt")]
    [InlineData("file:///etc/passwd")]
    public async Task An_issuer_is_fetched_from_known_places_only(string address)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        var nonce = await lab.NonceAsync();
        var document = lab.Attestor.Sign(Content(machine, nonce), lab.Attestor.LeafWithIssuerAt(new Uri(address)));

        using var response = await lab.JoinAsync(JoinLab.ProofOf(nonce, document));

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Empty(lab.Issuers.Asked);
    }

    [Fact]
    public async Task The_issuer_is_fetched_once_for_all_machines()
    {
        await using var lab = await JoinLab.StartAsync();

        foreach (var machine in Enumerable.Range(0, 5).Select(i => lab.AddMachine(i)).ToList())
        {
            using var response = await lab.JoinAsync(machine);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal([Attestor.IssuersAddress], lab.Issuers.Asked);
    }

    [Fact]
    public async Task A_message_that_brings_the_issuer_along_needs_no_fetching()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        var nonce = await lab.NonceAsync();

        using var response = await lab.JoinAsync(JoinLab.ProofOf(nonce, lab.Attestor.Sign(Content(machine, nonce), null, lab.Attestor.Between)));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(lab.Issuers.Asked);
    }
}
