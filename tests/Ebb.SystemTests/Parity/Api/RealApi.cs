using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Ebb.Sandbox.Certificates;

namespace Ebb.SystemTests.Parity.Api;

/// <summary>A real kube-apiserver with an etcd of its own on the loopback, and nothing that acts on what it keeps.</summary>
internal sealed class RealApi : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly string _home;
    private readonly List<Process> _processes = [];

    private RealApi(string home) => _home = home;

    public Uri Address { get; private set; } = null!;

    public Version Release { get; private set; } = new();

    /// <summary>Why it cannot run here; null when it can.</summary>
    public static string? Missing(out string binaries)
    {
        binaries = Environment.GetEnvironmentVariable("EBB_KUBERNETES_BIN") ?? "";
        return binaries.Length == 0
            ? "There is no real kube-apiserver: set EBB_KUBERNETES_BIN to a directory of the real binaries."
            : File.Exists(Path.Combine(binaries, "kube-apiserver")) ? null
            : $"EBB_KUBERNETES_BIN is {binaries}, which holds no kube-apiserver.";
    }

    public static async Task<RealApi> StartAsync(string binaries, Authority authority, CancellationToken ct)
    {
        var server = new RealApi(Directory.CreateTempSubdirectory("ebb-parity-").FullName);
        try
        {
            await server.RunAsync(binaries, authority, ct);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_processes))
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Directory.Delete(_home, recursive: true);
    }

    private async Task RunAsync(string binaries, Authority authority, CancellationToken ct)
    {
        var (api, client, peer) = (FreePort(), FreePort(), FreePort());
        using var serving = authority.IssueServer("kube-apiserver", ["kubernetes"], [IPAddress.Parse("10.96.0.1")]);
        using var signing = RSA.Create(2048);
        var ca = Write("ca.crt", authority.CertificatePem);
        var certificate = Write("apiserver.crt", serving.ExportCertificatePem() + "\n");
        var key = Write("apiserver.key", Authority.KeyPem(serving));
        var signer = Write("sa.key", signing.ExportPkcs8PrivateKeyPem() + "\n");
        var etcd = Path.Combine(binaries, "etcd");
        Start(File.Exists(etcd) ? etcd : "etcd", "etcd",
            "--data-dir", Path.Combine(_home, "etcd"),
            "--listen-client-urls", $"http://127.0.0.1:{client}", "--advertise-client-urls", $"http://127.0.0.1:{client}",
            "--listen-peer-urls", $"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peer}",
            "--initial-cluster", $"default=http://127.0.0.1:{peer}");
        Start(Path.Combine(binaries, "kube-apiserver"), "kube-apiserver",
            "--bind-address=127.0.0.1", $"--secure-port={api}", $"--etcd-servers=http://127.0.0.1:{client}",
            "--allow-privileged=true", "--authorization-mode=Node,RBAC", $"--client-ca-file={ca}",
            $"--tls-cert-file={certificate}", $"--tls-private-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            $"--service-account-key-file={signer}", $"--service-account-signing-key-file={signer}",
            "--service-cluster-ip-range=10.96.0.0/12", "--endpoint-reconciler-type=none",
            "--enable-admission-plugins=NodeRestriction");
        Address = new Uri($"https://127.0.0.1:{api}");
        using var asked = new ParityServer(Address, authority);
        await WaitAsync(asked, ct);
        var version = await asked.SendAsync(new Step(0, "GET", "/version"), ct);
        Release = new Version(int.Parse(version.At("major")!), int.Parse(version.At("minor")!.TrimEnd('+')));
    }

    private async Task WaitAsync(ParityServer server, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        while (true)
        {
            try
            {
                if ((await server.SendAsync(new Step(0, "GET", "/readyz"), either.Token)).Code == 200)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!_processes.Any(process => process.HasExited))
            {
                // It does not listen yet.
            }

            await Task.Delay(Pause, TimeProvider.System, either.Token);
        }
    }

    private void Start(string path, string name, params string[] arguments)
    {
        // Through a shell, whose only work is to let the output go to a file.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" > \"$LOG\" 2>&1", path, .. arguments])
        {
            WorkingDirectory = _home,
        };
        start.Environment["LOG"] = Path.Combine(_home, name + ".log");
        _processes.Add(Process.Start(start) ?? throw new InvalidOperationException($"{path} did not start."));
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_home, name);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
