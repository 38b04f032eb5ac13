using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ebb.Sandbox.Certificates;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>What a test wants of its control plane. Flags given here come last, and so win.</summary>
internal sealed record RealControlPlaneOptions
{
    public bool ControllerManager { get; init; } = true;
    public bool Scheduler { get; init; } = true;
    public IReadOnlyList<string> ApiServerFlags { get; init; } = [];
    public IReadOnlyList<string> ControllerManagerFlags { get; init; } = [];
    public IReadOnlyList<string> SchedulerFlags { get; init; } = [];
}

/// <summary>
/// A real control plane on loopback that lives as long as a test: etcd, kube-apiserver, and what else is wanted. It is what
/// our own models are held against, so it is put together here by hand and shares nothing with the product's.
/// </summary>
internal sealed class RealControlPlane : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _directory = Directory.CreateTempSubdirectory("ebb-real-").FullName;
    private readonly List<RealProcess> _processes = [];
    private Func<CancellationToken, Task> _powerUp = _ => Task.CompletedTask;
    private readonly Authority _authority = Authority.Create("kubernetes", TimeProvider.System);
    private readonly X509Certificate2 _admin;
    private readonly List<HttpClient> _clients = [];
    private readonly RealPorts _ports;

    private RealControlPlane(RealPorts ports)
    {
        _ports = ports;
        Address = new Uri($"https://127.0.0.1:{ports.Numbers[0]}");
        _admin = _authority.IssueAdmin();
        AdminKubeconfig = Path.Combine(_directory, "admin.conf");
        WriteKubeconfig(AdminKubeconfig, _admin);
        Admin = NewClient();
    }

    public Uri Address { get; }

    /// <summary>A client that may do everything; every other of <see cref="NewClient"/> likewise.</summary>
    public HttpClient Admin { get; }

    /// <summary>A kubeconfig of the same user, with everything in it.</summary>
    public string AdminKubeconfig { get; }

    /// <summary>The authority that server and clients trust, for users of a test's own.</summary>
    public Authority Authority => _authority;

    /// <summary>Starts it, and returns once it has the namespace default, and with a controller manager all that pods there need.</summary>
    public static async Task<RealControlPlane> StartAsync(RealControlPlaneOptions options, CancellationToken ct)
    {
        var binaries = RealBinaries.Require();
        var minor = await binaries.MinorAsync(ct);
        var held = RealPorts.Take();
        var ports = held.Numbers;
        var plane = new RealControlPlane(held);
        try
        {
            plane.WriteKeys();
            plane._powerUp = async ct =>
            {
                await plane.StartEtcdAsync(binaries, ports[1], ports[2], ct);
                await plane.StartApiServerAsync(binaries, ports[0], ports[1], options.ApiServerFlags, ct);
            };
            await plane._powerUp(ct);
            if (options.ControllerManager)
            {
                plane.StartControllerManager(binaries, minor, ports[3], options.ControllerManagerFlags);
            }

            if (options.Scheduler)
            {
                plane.StartScheduler(binaries, minor, ports[4], options.SchedulerFlags);
            }

            // An API server says that it is ready before it has made its own namespaces.
            await plane._processes[1].UntilAsync(ct => plane.FoundAsync("api/v1/namespaces/default", ct), Patience, ct);
            if (options.ControllerManager)
            {
                await plane._processes[2].UntilAsync(ct => plane.FoundAsync("api/v1/namespaces/default/serviceaccounts/default", ct), Patience, ct);
            }

            return plane;
        }
        catch
        {
            await plane.DisposeAsync();
            throw;
        }
    }

    /// <summary>Another client with connections of its own; it ends with the control plane.</summary>
    public HttpClient NewClient()
    {
        var client = AdminClient.Create(Address, _authority, _admin);
        _clients.Add(client);
        return client;
    }

    /// <summary>Ends etcd and the API server as loss of power would; controllers and scheduler are elsewhere, and live.</summary>
    public void CutPower()
    {
        foreach (var process in _processes.Where(p => p.Name is "etcd" or "kube-apiserver").ToList())
        {
            process.Dispose();
            _processes.Remove(process);
        }
    }

    /// <summary>Starts both again, with the data they had.</summary>
    public Task RestorePowerAsync(CancellationToken ct) => _powerUp(ct);

    public ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        foreach (var process in Enumerable.Reverse(_processes))
        {
            process.Dispose();
        }

        _ports.Dispose();
        _authority.Dispose();
        _admin.Dispose();
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task StartEtcdAsync(RealBinaries binaries, int client, int peer, CancellationToken ct)
    {
        // On loopback and in the clear: what is kept there is a test's, and is gone with it.
        var etcd = Start(binaries["etcd"],
        [
            "--name=a", "--data-dir=etcd", "--logger=zap", "--log-level=warn",
            $"--listen-client-urls=http://127.0.0.1:{client}", $"--advertise-client-urls=http://127.0.0.1:{client}",
            $"--listen-peer-urls=http://127.0.0.1:{peer}", $"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            $"--initial-cluster=a=http://127.0.0.1:{peer}",
        ]);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await etcd.UntilAsync(async ct => (await http.GetAsync(new Uri($"http://127.0.0.1:{client}/health"), ct)).IsSuccessStatusCode, Patience, ct);
    }

    private async Task StartApiServerAsync(RealBinaries binaries, int port, int etcd, IReadOnlyList<string> flags, CancellationToken ct)
    {
        var server = Start(binaries["kube-apiserver"],
        [
            "--bind-address=127.0.0.1", $"--secure-port={port}", $"--etcd-servers=http://127.0.0.1:{etcd}",
            "--client-ca-file=ca.crt", "--tls-cert-file=server.pem", "--tls-private-key-file=server.pem",
            "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
            "--enable-bootstrap-token-auth=true", "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            "--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key", "--service-cluster-ip-range=10.96.0.0/12",
            "--endpoint-reconciler-type=none", .. flags,
        ]);
        await server.UntilAsync(ct => FoundAsync("readyz", ct), Patience, ct);
    }

    private void StartControllerManager(RealBinaries binaries, int minor, int port, IReadOnlyList<string> flags) =>
        Start(binaries["kube-controller-manager"],
        [
            .. Common(minor, port, "system:kube-controller-manager"),
            "--controllers=*,bootstrapsigner,tokencleaner", "--use-service-account-credentials=true",
            "--root-ca-file=ca.crt", "--service-account-private-key-file=sa.key",
            "--cluster-signing-cert-file=ca.crt", "--cluster-signing-key-file=ca.key",
            .. flags,
        ]);

    private void StartScheduler(RealBinaries binaries, int minor, int port, IReadOnlyList<string> flags) =>
        Start(binaries["kube-scheduler"], [.. Common(minor, port, "system:kube-scheduler"), .. flags]);

    // Twenty requests a second, the default, would make tests of many objects wait for nothing.
    private string[] Common(int minor, int port, string user)
    {
        var kubeconfig = user[(user.IndexOf(':', StringComparison.Ordinal) + 1)..] + ".conf";
        using var certificate = _authority.IssueClient(user);
        WriteKubeconfig(Path.Combine(_directory, kubeconfig), certificate);
        string[] common =
        [
            "--bind-address=127.0.0.1", $"--secure-port={port}", $"--kubeconfig={kubeconfig}",
            $"--authentication-kubeconfig={kubeconfig}", $"--authorization-kubeconfig={kubeconfig}",
            "--leader-elect=false", "--kube-api-qps=1000", "--kube-api-burst=2000",
        ];

        // Releases before 1.22 also listen in the clear, on every address, unless told not to; later ones lack the flag.
        return minor < 22 ? [.. common, "--port=0"] : common;
    }

    private RealProcess Start(string program, IEnumerable<string> flags)
    {
        var process = RealProcess.Start(_directory, program, flags);
        _processes.Add(process);
        return process;
    }

    private async Task<bool> FoundAsync(string path, CancellationToken ct)
    {
        using var response = await Admin.GetAsync(new Uri(path, UriKind.Relative), ct);
        return response.IsSuccessStatusCode;
    }

    private void WriteKeys()
    {
        File.WriteAllText(Path.Combine(_directory, "ca.crt"), _authority.CertificatePem);
        WriteSecret(Path.Combine(_directory, "ca.key"), _authority.ExportKeyPem());
        using var server = _authority.IssueServer("kube-apiserver", ["kubernetes", "kubernetes.default", "kubernetes.default.svc"], [IPAddress.Parse("10.96.0.1")]);
        WriteSecret(Path.Combine(_directory, "server.pem"), Authority.Pem(server));
        using var accounts = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        WriteSecret(Path.Combine(_directory, "sa.key"), accounts.ExportECPrivateKeyPem());
        File.WriteAllText(Path.Combine(_directory, "sa.pub"), accounts.ExportSubjectPublicKeyInfoPem());
    }

    public void WriteKubeconfig(string path, X509Certificate2 user)
    {
        static string Encoded(string pem) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pem));
        WriteSecret(path, $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: real
              cluster:
                server: {Address}
                certificate-authority-data: {Encoded(_authority.CertificatePem)}
            users:
            - name: user
              user:
                client-certificate-data: {Encoded(user.ExportCertificatePem())}
                client-key-data: {Encoded(Authority.KeyPem(user))}
            contexts:
            - name: real
              context:
                cluster: real
                user: user
            current-context: real
            """);
    }

    private static void WriteSecret(string path, string text)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        file.Write(Encoding.UTF8.GetBytes(text));
    }
}
