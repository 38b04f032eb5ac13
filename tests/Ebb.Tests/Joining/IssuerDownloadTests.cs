using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ebb.Controller.Joining.Proofs;
using Ebb.Joining;
using Ebb.Simulation;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Joining;

/// <summary>Anyone may show a certificate that names an address of an allowed host: what that costs the machines that join.</summary>
public sealed class IssuerDownloadTests : IDisposable
{
    private static readonly Lazy<Attestor> Azure = new(() => new Attestor(TimeProvider.System.GetUtcNow()));

    private readonly VirtualTime _time = new();
    private readonly Issuers _issuers = new();
    private readonly HttpMessageInvoker _http;
    private readonly IssuerDownload _download;
    private int _strangers;

    public IssuerDownloadTests()
    {
        _http = new HttpMessageInvoker(_issuers);
        _download = new IssuerDownload(_http, IssuerDownload.PublicHosts, _time);
        _issuers.Serve(Attestor.IssuersAddress, Azure.Value.BetweenDer);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _download.Dispose();
        _http.Dispose();
    }

    [Fact]
    public async Task A_machine_is_let_in_while_the_address_in_a_strangers_certificate_does_not_answer()
    {
        await using var lab = await JoinLab.StartAsync();
        using var elsewhere = lab.NewClient(from: IPAddress.Parse("127.0.0.2"));
        using var first = await lab.JoinAsync(lab.AddMachine(1));
        var address = new Uri("http://www.microsoft.com/slow.crt");
        lab.Issuers.Hold(address);
        using var given = await elsewhere.PostAsync(JoinPaths.Nonce, null, Ct);
        var nonce = (await JoinLab.ReadAsync(given, JoinJson.Default.NonceAnswer)).Nonce;
        using var leaf = Azure.Value.LeafWithIssuerAt(address);
        var document = Azure.Value.Sign(Attestor.Content(Guid.NewGuid().ToString(), nonce, JoinLab.Subscription, TimeProvider.System.GetUtcNow()), leaf);

        // However slow this machine is: the server's patience with that address does not end.
        lab.Clock.Hold();
        var stranger = lab.JoinAsync(JoinLab.ProofOf(nonce, document), elsewhere);
        await JoinLab.UntilAsync(() => Task.FromResult(lab.Issuers.Asked.Contains(address)));
        using var second = await lab.JoinAsync(lab.AddMachine(2));
        var waits = !stranger.IsCompleted;
        lab.Issuers.LetGo();
        using var refused = await stranger;

        Assert.Equal(
            (HttpStatusCode.OK, HttpStatusCode.OK, true, HttpStatusCode.Forbidden), (first.StatusCode, second.StatusCode, waits, refused.StatusCode));
    }

    [Fact]
    public async Task One_who_asks_has_few_new_addresses_looked_at_and_others_have_theirs()
    {
        for (var i = 0; i < 20; i++)
        {
            await AskAsync(NewAddress(), asker: "10.0.0.1");
        }

        var few = _issuers.Asked.Count;
        var issuer = await _download.IssuerOfAsync(Azure.Value.Leaf, "10.0.0.2", Ct);
        _time.Advance(TimeSpan.FromSeconds(10));
        await AskAsync(NewAddress(), asker: "10.0.0.1");
        await AskAsync(NewAddress(), asker: "10.0.0.1");

        Assert.Equal((6, 6 + 1 + 1), (few, _issuers.Asked.Count));
        Assert.Equal(Azure.Value.Between.Subject, issuer?.Subject);
    }

    [Fact]
    public async Task Many_who_ask_share_what_all_may_have_looked_at_and_what_is_known_costs_nothing()
    {
        await _download.IssuerOfAsync(Azure.Value.Leaf, "10.0.0.1", Ct);
        for (var i = 0; i < 100; i++)
        {
            await AskAsync(NewAddress(), asker: $"10.0.1.{i}");
        }

        var issuer = await _download.IssuerOfAsync(Azure.Value.Leaf, "10.0.0.2", Ct);

        Assert.Equal(32, _issuers.Asked.Count);
        Assert.NotNull(issuer);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_in_use_is_kept_however_many_strangers_come(bool certificates)
    {
        for (var i = 0; i < 200; i++)
        {
            await _download.IssuerOfAsync(Azure.Value.Leaf, "10.0.0.1", Ct);
            await AskAsync(NewAddress(certificates), asker: $"10.0.1.{i}");
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(201, _issuers.Asked.Count);
        Assert.Single(_issuers.Asked, Attestor.IssuersAddress);
    }

    [Fact]
    public async Task All_who_ask_for_the_same_at_once_wait_for_one_answer()
    {
        _issuers.Hold(Attestor.IssuersAddress);
        using var hangsUp = new CancellationTokenSource();
        var gone = _download.IssuerOfAsync(Azure.Value.Leaf, "10.0.0.1", hangsUp.Token);
        var waiting = Enumerable.Range(0, 50).Select(_ => _download.IssuerOfAsync(Azure.Value.Leaf, "10.0.0.1", Ct)).ToList();

        await hangsUp.CancelAsync();
        _issuers.LetGo();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        Assert.All(await Task.WhenAll(waiting), Assert.NotNull);
        Assert.Single(_issuers.Asked);
    }

    [Fact]
    public async Task What_was_not_there_is_looked_for_again_after_half_a_minute()
    {
        var address = NewAddress();
        await AskAsync(address, "10.0.0.1");
        await AskAsync(address, "10.0.0.1");
        var once = _issuers.Asked.Count;
        _time.Advance(TimeSpan.FromSeconds(30));
        await AskAsync(address, "10.0.0.1");

        Assert.Equal((1, 2), (once, _issuers.Asked.Count));
    }

    private Uri NewAddress(bool isCertificate = false)
    {
        var address = new Uri($"http://www.microsoft.com/{_strangers++}.crt");
        if (isCertificate)
        {
            _issuers.Serve(address, Azure.Value.BetweenDer);
        }

        return address;
    }

    /// <summary>With a certificate that anyone can make.</summary>
    private async Task AskAsync(Uri address, string asker)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=metadata.azure.com", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([], [address.ToString()]));
        using var own = request.CreateSelfSigned(_time.GetUtcNow().AddDays(-1), _time.GetUtcNow().AddDays(1));
        Assert.Null(await _download.IssuerOfAsync(own, asker, Ct));
    }
}
