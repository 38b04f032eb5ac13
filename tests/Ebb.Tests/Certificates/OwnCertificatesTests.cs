using System.Net;
using Ebb.Cli.Clusters;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Running;
using Ebb.Controller.Certificates;
using Ebb.Controller.Joining;
using Ebb.Simulation;
using Ebb.Tests.Cli.Definition;
using Ebb.Tests.Joining.Lab;
using Microsoft.Extensions.Logging;

namespace Ebb.Tests.Certificates;

/// <summary>Which certificates a control plane's service watches, by what really lies there.</summary>
public sealed class OwnCertificatesTests : IDisposable
{
    private readonly VirtualTime _time = new();
    private readonly TemporaryDirectory _directory = new();
    private readonly TextLoggers _loggers = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _directory.Dispose();
        _loggers.Dispose();
    }

    [Theory]
    [InlineData(61, 61, 61, "")]
    [InlineData(59, 61, 61, "The join server's certificate ends on 2027-03-01. ")]
    [InlineData(61, 59, 61, "The controller's certificate ends on 2027-03-01. ")]
    [InlineData(61, 61, 59, "The certificate of this machine's API server ends on 2027-03-01. ")]
    [InlineData(61, 61, -1, "The certificate of this machine's API server ended on 2026-12-31. ")]
    public async Task Each_is_said_of_when_it_is_about_to_end(int joinServer, int controller, int apiServer, string said)
    {
        using var authority = CertificateAuthority.Create("farm", Ebb.Cli.ControlPlane.Pki.Keys.Create(KeyAlgorithm.Ecdsa), _time);
        await WriteAsync("server.crt", Issue(authority, joinServer).CertificatePem + authority.BundlePem);
        await WriteAsync("serving-kube-apiserver.crt", Issue(authority, apiServer).CertificatePem + authority.BundlePem);
        await WriteAsync("kubeconfig", new KubeconfigFile("farm", "ebb", new Uri("https://127.0.0.1:6443"), authority.BundlePem, Issue(authority, controller)).Write());
        _time.Advance(TimeSpan.FromDays(365));

        var notices = await LookAsync(JoinServerOptions.K3s);

        Assert.Equal(said.Length > 0 ? 1 : 0, notices.Count);
        Assert.StartsWith(said, string.Concat(notices), StringComparison.Ordinal);
        Assert.All(notices, notice => Assert.Contains(" Run 'ebb ", notice));
    }

    [Fact]
    public async Task A_certificate_that_is_given_out_again_every_day_and_an_API_server_that_is_not_k3s_are_no_matter()
    {
        using var authority = CertificateAuthority.Create("farm", Ebb.Cli.ControlPlane.Pki.Keys.Create(KeyAlgorithm.Ecdsa), _time);
        await WriteAsync("server.crt", Issue(authority, 400).CertificatePem);
        await WriteAsync("serving-kube-apiserver.crt", Issue(authority, 1).CertificatePem);
        await WriteAsync("kubeconfig", new KubeconfigFile("farm", "ebb", new Uri("https://127.0.0.1:6443"), authority.BundlePem, Issue(authority, 1 - 365)).Write());

        Assert.Empty(await LookAsync(JoinServerOptions.Kubelet));
    }

    /// <param name="left">Days after a year.</param>
    private IssuedCertificate Issue(CertificateAuthority authority, int left) => authority.Issue(
        new CertificateSpec { Name = "it", Authority = "ca", CommonName = "it", Server = true, Client = true, Lifetime = TimeSpan.FromDays(365 + left) }, KeyAlgorithm.Ecdsa, _time);

    private Task WriteAsync(string name, string text) => File.WriteAllTextAsync(_directory.File(name), text, Ct);

    private async Task<IReadOnlyList<string>> LookAsync(string distribution)
    {
        var join = new JoinServerOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            AuthorityFile = _directory.File("ca.crt"),
            CertificateFile = _directory.File("server.crt"),
            KeyFile = _directory.File("server.key"),
            Distribution = distribution,
            Servers = [new Uri("https://127.0.0.1:6443")],
            KubernetesAuthorityFile = _directory.File("server-ca.crt"),
        };
        var certificates = OwnCertificates.Of(join, KubeconfigReading.Load(_directory.File("kubeconfig"), _time));
        return await new CertificateWatch(certificates, static (_, _) => Task.CompletedTask, _time, _loggers.CreateLogger<CertificateWatch>()).LookAsync(Ct);
    }
}
