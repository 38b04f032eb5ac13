using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using Ebb.Acting;
using Ebb.Controller.Joining;
using Ebb.Joining;
using Ebb.Kubernetes;
using Ebb.Pools;
using Ebb.Sandbox;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Kubernetes.Api;
using Ebb.Sandbox.Kubernetes.Face;
using Ebb.Sandbox.Kubernetes.Store;
using Microsoft.Extensions.Logging;
using Kubeconfig = Ebb.Kubernetes.Config.Kubeconfig;
using Yaml = Ebb.Cli.Clusters.Yaml;

namespace Ebb.Tests.Joining.Lab;

/// <summary>A join server as it ships, listening, with the sandbox's API server behind it and a cloud that each test writes.</summary>
internal sealed partial class JoinLab : IAsyncDisposable
{
    public const string Subscription = "11111111-2222-3333-4444-555555555555";

    public const string StorageKey = "c3RvcmFnZS1rZXktdGhhdC1tdXN0LW5vdC1sZWFr";

    private static readonly Lazy<Attestor> Shared = new(() => new Attestor(TimeProvider.System.GetUtcNow()));

    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-join").FullName;
    private readonly Agenda _agenda = new(TimeProvider.System);
    private readonly Authority _authority = Authority.Create("join", TimeProvider.System);
    private readonly CancellationTokenSource _stop = new();
    private KubernetesFace _face = null!;
    private ApiDiscovery _discovery = null!;
    private Task _running = Task.CompletedTask;

    private JoinLab()
    {
    }

    public Attestor Attestor { get; private set; } = Shared.Value;

    public MemberCloud Cloud { get; } = new();

    public Issuers Issuers { get; } = new();

    /// <summary>What the API server answers to the join server, or to whoever uses <see cref="Client"/>, other than by itself.</summary>
    public Func<HttpRequestMessage, HttpResponseMessage?> ApiAnswers { get; set; } = _ => null;

    /// <summary>Until when a request to the API server is kept back.</summary>
    public Func<HttpRequestMessage, Task> ApiHolds { get; set; } = _ => Task.CompletedTask;

    public KubeClient Client { get; private set; } = null!;

    public ApiKubernetes Kubernetes { get; private set; } = null!;

    public JoinServer Server { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    public JoinServerOptions Options { get; private set; } = null!;

    public TextLoggers Loggers { get; } = new();

    /// <summary>The join server's.</summary>
    public LabClock Clock { get; } = new();

    public string Folder => _folder;

    public X509Certificate2 ServerAuthority => _authority.Certificate;

    public string Audit => File.ReadAllText(Path.Combine(_folder, "audit.log"));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static Task<JoinLab> StartAsync(Func<JoinServerOptions, JoinServerOptions>? change = null) =>
        StartAsync((_, options) => change is null ? options : change(options));

    public static async Task<JoinLab> StartAsync(Func<JoinLab, JoinServerOptions, JoinServerOptions> change)
    {
        var lab = new JoinLab();
        try
        {
            await lab.BeginAsync(options => change(lab, options));
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>A machine that the cloud knows.</summary>
    public Machine AddMachine(int number, string pool = "agents", MachineState state = MachineState.Running)
    {
        var machine = new Machine
        {
            Id = $"{number}",
            Pool = pool,
            Name = $"{pool}_{number}",
            ProviderId = $"azure:///subscriptions/{Subscription}/resourceGroups/farm/providers/Microsoft.Compute/virtualMachineScaleSets/{pool}/virtualMachines/{number}",
            State = state,
            HostName = $"{pool}{number:D6}",
            VmId = new Guid(number, 7, 7, 0, 0, 0, 0, 0, 0, 0, (byte)pool.Length).ToString(),
            Size = "Standard_D4s_v5",
            Zone = "eastus-1",
        };
        Cloud.Put(machine);
        return machine;
    }

    public async Task<string> NonceAsync()
    {
        using var response = await Http.PostAsync(JoinPaths.Nonce, new ByteArrayContent([]), Ct);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync(JoinJson.Default.NonceAnswer, Ct))!.Nonce;
    }

    /// <summary>A proof as an honest machine has it.</summary>
    public async Task<Proof> ProofAsync(Machine machine)
    {
        var nonce = await NonceAsync();
        return ProofOf(nonce, Attestor.Sign(Attestor.Content(machine.VmId, nonce, Subscription, TimeProvider.System.GetUtcNow())));
    }

    public static Proof ProofOf(string nonce, string document) =>
        new() { Kind = ProofKinds.AzureAttestedDocument, Nonce = nonce, Document = document };

    public async Task<HttpResponseMessage> JoinAsync(Machine machine, bool fresh = true) =>
        await PostAsync(JoinPaths.Join, new JoinRequest { Proof = await ProofAsync(machine), Fresh = fresh }, JoinJson.Default.JoinRequest);

    public Task<HttpResponseMessage> JoinAsync(Proof proof, HttpClient? client = null) =>
        PostAsync(JoinPaths.Join, new JoinRequest { Proof = proof, Fresh = true }, JoinJson.Default.JoinRequest, client);

    public async Task<HttpResponseMessage> LeaveAsync(Machine machine, string reason, int seconds, bool inAdvance = false) =>
        await PostAsync(
            JoinPaths.Leave,
            new LeaveRequest { Proof = await ProofAsync(machine), Reason = reason, SecondsLeft = seconds, InAdvance = inAdvance },
            JoinJson.Default.LeaveRequest);

    public async Task<HttpResponseMessage> NoticeAsync(Machine machine, params Notice[] notices) =>
        await PostAsync(
            JoinPaths.Notice, new NoticeRequest { Proof = await ProofAsync(machine), Notices = notices }, JoinJson.Default.NoticeRequest);

    public async Task<HttpResponseMessage> PostAsync<T>(string path, T body, JsonTypeInfo<T> type, HttpClient? client = null) =>
        await (client ?? Http).PostAsync(path, JsonContent.Create(body, type), Ct);

    public async Task<HttpResponseMessage> PostAsync(string path, string body) =>
        await Http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), Ct);

    public static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type) =>
        (await response.Content.ReadFromJsonAsync(type, Ct))!;

    /// <summary>Waits for what the server does by itself.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(15), "It did not come to hold in time.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Ct);
        }
    }

    /// <summary>A client as machines are: it trusts the one authority and nothing else.</summary>
    public HttpClient NewClient(int connections = 64, IPAddress? from = null) => new(new SocketsHttpHandler
    {
        MaxConnectionsPerServer = connections,
        UseProxy = false,
        ConnectCallback = async (context, ct) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(from ?? IPAddress.Loopback, 0));
            await socket.ConnectAsync(Server.Address, ct);
            return new NetworkStream(socket, ownsSocket: true);
        },
        SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { _authority.Certificate },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        },
    })
    {
        BaseAddress = new Uri($"https://localhost:{Server.Address.Port}/"),
        Timeout = TimeSpan.FromSeconds(60),
    };

    public void WriteCertificate()
    {
        using var leaf = _authority.IssueServer("join", [], []);
        File.WriteAllText(Path.Combine(_folder, "join.key"), Authority.KeyPem(leaf));
        File.WriteAllText(Path.Combine(_folder, "join.crt"), leaf.ExportCertificatePem());
    }

    public string SecretFile(string name, string content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // Asked for.
        }

        Http?.Dispose();
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }

        Client?.Dispose();
        _discovery?.Dispose();
        await _face.DisposeAsync();
        _authority.Dispose();
        _agenda.Dispose();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task BeginAsync(Func<JoinServerOptions, JoinServerOptions> change)
    {
        var time = TimeProvider.System;
        var api = new KubeApi(new ObjectStore(_agenda, new Random(1)));
        api.Seed();
        _face = await KubernetesFace.StartAsync(api, _authority, new KubernetesFaceOptions(), Ct);
        var kubeconfig = SecretFile("kubeconfig", _face.Kubeconfig("test"));
        var connection = new Kubeconfig(Yaml.ToJson, _ => null, time).Load(kubeconfig, null);
        Client = new KubeClient(
            connection with { Transport = certificate => new Interposed(connection.Transport(certificate), request => ApiHolds(request), request => ApiAnswers(request)) },
            time,
            Loggers.CreateLogger<KubeClient>());
        _discovery = new ApiDiscovery(Client, time);
        var random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
        Kubernetes = new ApiKubernetes(
            Client, _discovery, new EventRecorder(Client, "ebb", "host", time, random), time, random, Loggers.CreateLogger<ApiKubernetes>());
        WriteCertificate();
        Options = change(new JoinServerOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            AuthorityFile = SecretFile("join-ca.crt", _authority.CertificatePem),
            CertificateFile = Path.Combine(_folder, "join.crt"),
            KeyFile = Path.Combine(_folder, "join.key"),
            Distribution = JoinServerOptions.Kubelet,
            Version = "v1.31.5",
            Servers = [new Uri("https://10.1.0.10:6443")],
            KubernetesAuthorityFile = SecretFile("kube-ca.crt", _authority.CertificatePem),
            AttestationRootsFile = SecretFile("roots.pem", Attestor.RootPem),
            HandoutFile = SecretFile("handout.json", $$"""{"mounts":[{"kind":"cifs","host":"h","share":"srv","at":"/srv","user":"u","key":"{{StorageKey}}"}]}"""),
            AuditFile = Path.Combine(_folder, "audit.log"),

            // All machines of a test come from one address.
            PerAddress = new(1000, 2000),
            MostConnectionsPerAddress = 2000,
            MostNoncesPerAddress = 1000,
        });
        Issuers.Serve(Attestor.IssuersAddress, Attestor.BetweenDer);
        Server = await JoinServer.StartAsync(
            Options,
            new JoinServerParts(Client, Kubernetes, Cloud, Subscription, new HttpMessageInvoker(Issuers), Clock, random, Loggers),
            Ct);
        _running = Server.RunAsync(_stop.Token);
        Http = NewClient();
    }
}
