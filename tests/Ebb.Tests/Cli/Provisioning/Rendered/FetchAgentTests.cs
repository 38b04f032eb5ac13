using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.CloudInit;
using Ebb.Sandbox.Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Ebb.Tests.Cli.Provisioning.Rendered;

/// <summary>A machine's first steps, with the very program that cloud-config gives it.</summary>
public sealed class FetchAgentTests : IAsyncLifetime
{
    private const string Program = "/usr/local/lib/ebb/fetch-agent";
    private const string Agent = "/usr/local/bin/ebb-agent";

    private static readonly byte[] AgentBytes = Encoding.UTF8.GetBytes("#!/bin/sh\necho joined\n");

    private readonly Authority _authority = Authority.Create("join", TimeProvider.System);
    private readonly List<string> _asked = [];
    private byte[] _served = AgentBytes;
    private string _authorities = "";
    private X509Certificate2 _shown = null!;
    private X509Certificate2Collection _between = [];
    private WebApplication _server = null!;
    private MachineLab _machine = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        MachineLab.Require();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = SslStreamCertificateContext.Create(_shown, _between, offline: true),
                }),
            })));
        _authorities = _authority.CertificatePem;
        _shown = _authority.IssueServer("join", [], [IPAddress.Loopback]);
        _server = builder.Build();
        _server.Run(async http =>
        {
            _asked.Add(http.Request.Path);
            await http.Response.Body.WriteAsync(http.Request.Path.Value switch
            {
                "/ca.crt" => Encoding.ASCII.GetBytes(_authorities),
                _ => _served,
            });
        });
        await _server.StartAsync(Ct);
        var architecture = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture is System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";
        var inputs = RenderLab.Inputs with
        {
            JoinAuthorityPem = _authority.CertificatePem,
            AgentHashes = RenderLab.Inputs.AgentHashes.SetItem(architecture, Convert.ToHexStringLower(SHA256.HashData(AgentBytes))),
        };
        _machine = new MachineLab(Renderer.Render(RenderLab.Minimal, inputs).CloudConfigs["agents"]);
        var address = _server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

        // The first address is that of a machine that is not up.
        _machine.Edit("/etc/ebb/agent.json", json => json["servers"] = new JsonArray("https://127.0.0.1:1", address));
    }

    public async ValueTask DisposeAsync()
    {
        _machine?.Dispose();
        _authority.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_agent_is_fetched_from_a_server_of_the_known_authority_and_only_once()
    {
        var (code, said) = await _machine.RunAsync(Program, Ct);
        var asked = _asked.Count;
        var (again, _) = await _machine.RunAsync(Program, Ct);

        Assert.True(code == 0, said);
        Assert.Equal((0, asked), (again, _asked.Count));
        Assert.Equal((Encoding.UTF8.GetString(AgentBytes), "755"), (_machine.Read(Agent), _machine.ModeOf(Agent)));
    }

    [Theory]
    [InlineData("old", true)]
    [InlineData("new", true)]
    [InlineData("other", false)]
    public async Task While_the_authority_changes_machines_of_either_fetch_the_agent(string knows, bool fetches)
    {
        using var old = CertificateAuthority.Create("farm-join", Ebb.Cli.ControlPlane.Pki.Keys.Create(KeyAlgorithm.Ecdsa), TimeProvider.System);
        using var made = CertificateAuthority.Create("farm-join-2", Ebb.Cli.ControlPlane.Pki.Keys.Create(KeyAlgorithm.Ecdsa), TimeProvider.System);
        using var other = CertificateAuthority.Create("farm-join", Ebb.Cli.ControlPlane.Pki.Keys.Create(KeyAlgorithm.Ecdsa), TimeProvider.System);
        Show(made, old.CrossSign(made.Certificate, TimeProvider.System));
        _authorities = old.BundlePem + made.BundlePem;
        _machine.Edit("/etc/ebb/agent.json", json => json["authority"] = PoolConfig.Pin((knows switch { "old" => old, "new" => made, _ => other }).BundlePem));

        var said = fetches ? (await _machine.RunAsync(Program, Ct)).Said : await TriesInVainAsync();

        Assert.True(fetches == File.Exists(_machine.At(Agent)), said);
    }

    [Fact]
    public async Task When_the_authority_has_changed_a_machine_that_knows_only_the_old_one_fetches_nothing()
    {
        using var old = CertificateAuthority.Create("farm-join", Ebb.Cli.ControlPlane.Pki.Keys.Create(KeyAlgorithm.Ecdsa), TimeProvider.System);
        using var made = CertificateAuthority.Create("farm-join-2", Ebb.Cli.ControlPlane.Pki.Keys.Create(KeyAlgorithm.Ecdsa), TimeProvider.System);
        Show(made, between: null);

        // Also from a server that still offers the old one.
        _authorities = old.BundlePem + made.BundlePem;
        _machine.Edit("/etc/ebb/agent.json", json => json["authority"] = PoolConfig.Pin(old.BundlePem));

        Assert.Contains("CERTIFICATE_VERIFY_FAILED", await TriesInVainAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_of_another_authority_is_not_asked_for_anything()
    {
        using var other = Authority.Create("join", TimeProvider.System);
        _machine.Edit("/etc/ebb/agent.json", json => json["authority"] = PoolConfig.Pin(other.CertificatePem));

        var said = await TriesInVainAsync();

        Assert.Contains("not the one that this machine was told to trust", said);
        Assert.All(_asked, path => Assert.Equal("/ca.crt", path));
    }

    [Fact]
    public async Task A_program_that_is_not_the_expected_one_is_not_kept()
    {
        _served = Encoding.UTF8.GetBytes("#!/bin/sh\nrm -rf /\n");

        var said = await TriesInVainAsync();

        Assert.Contains("was expected", said);
        Assert.False(File.Exists(_machine.At(Agent)));
        Assert.Empty(Directory.GetFiles(_machine.At("/usr/local/bin")));
    }

    [Fact]
    public async Task What_machines_without_a_way_out_need_comes_with_the_agent()
    {
        var file = Encoding.UTF8.GetBytes("archive");
        _machine.Edit("/etc/ebb/agent.json", json =>
        {
            json["agents"]!.AsObject().ToList().ForEach(agent => json["agents"]![agent.Key] = Convert.ToHexStringLower(SHA256.HashData(file)));
            json["files"] = new JsonArray(new JsonObject
            {
                ["name"] = "k3s",
                ["to"] = "/usr/local/bin/k3s",
                ["mode"] = "0755",
                ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(file)),
            });
        });
        _served = file;

        var (code, said) = await _machine.RunAsync(Program, Ct);

        Assert.True(code == 0, said);
        Assert.Equal(("archive", "755"), (_machine.Read("/usr/local/bin/k3s"), _machine.ModeOf("/usr/local/bin/k3s")));
        Assert.Contains("/files/k3s", _asked);
    }

    [Fact]
    public async Task A_package_that_was_fetched_before_the_start_was_cut_short_is_installed_by_the_next_one_and_only_once()
    {
        AskForPackages("one.deb", "two.deb");
        _machine.Stub("dpkg");
        _served = [];
        _machine.Write("/var/lib/ebb/packages/one.deb", Encoding.UTF8.GetString(AgentBytes));
        await TriesInVainAsync();
        var before = _machine.Ran;

        _served = AgentBytes;
        _machine.Write(Program, Texts.Read("fetch-agent.py"), "0755");
        var (code, said) = await _machine.RunAsync(Program, Ct);
        var (again, _) = await _machine.RunAsync(Program, Ct);

        Assert.True((code, again) == (0, 0), said);
        Assert.Equal(("", "dpkg --install /var/lib/ebb/packages/one.deb /var/lib/ebb/packages/two.deb\n"), (before, _machine.Ran));
    }

    [Fact]
    public async Task Packages_that_could_not_be_installed_are_installed_by_the_next_start()
    {
        AskForPackages("one.deb");
        _machine.Stub("dpkg");
        _machine.Write("/fail-dpkg", "");

        var (failed, _) = await _machine.RunAsync(Program, Ct);
        File.Delete(_machine.At("/fail-dpkg"));
        var (code, said) = await _machine.RunAsync(Program, Ct);

        Assert.NotEqual(0, failed);
        Assert.True(code == 0, said);
        Assert.Equal("dpkg --install /var/lib/ebb/packages/one.deb\n", _machine.Ran);
    }

    private void AskForPackages(params string[] names) => _machine.Edit("/etc/ebb/agent.json", json => json["files"] = new JsonArray([.. names.Select(name => new JsonObject
    {
        ["name"] = name,
        ["to"] = $"/var/lib/ebb/packages/{name}",
        ["mode"] = "0644",
        ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(AgentBytes)),
    })]));

    private void Show(CertificateAuthority authority, string? between)
    {
        var issued = authority.Issue(
            new CertificateSpec { Name = "join-server", Authority = "join-ca", CommonName = "join", Server = true, Addresses = [IPAddress.Loopback] }, KeyAlgorithm.Ecdsa, TimeProvider.System);
        using var pem = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        _shown = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        _between = [];
        if (between is not null)
        {
            _between.ImportFromPem(between);
        }
    }

    /// <summary>It never gives up, so it is stopped after it has said why for the first time.</summary>
    private async Task<string> TriesInVainAsync()
    {
        var text = _machine.Read(Program).Replace("        time.sleep(", "        sys.exit(3)\n        time.sleep(", StringComparison.Ordinal);
        _machine.Write(Program, text, "0755");
        var (code, said) = await _machine.RunAsync(Program, Ct);
        Assert.Equal(3, code);
        return said;
    }
}
