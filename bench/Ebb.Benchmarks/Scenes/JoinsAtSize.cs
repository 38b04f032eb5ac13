using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Ebb.Acting;
using Ebb.Controller.Joining;
using Ebb.Joining;
using Ebb.Kubernetes;
using Ebb.Sandbox;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Kubernetes.Api;
using Ebb.Sandbox.Kubernetes.Face;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Tests.Joining.Lab;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Benchmarks.Scenes;

/// <summary>
/// How long the join server takes to admit many machines that boot at the same moment, each with its own nonce, attested document and
/// token, over TLS, with the embedded API server behind it. The machines' part, signing among it, is done by the same cores.
/// </summary>
internal static class JoinsAtSize
{
    private const string Subscription = "11111111-2222-3333-4444-555555555555";

    // With 16 connections each, about as many as such a server keeps open.
    private const int Clients = 64;

    private static readonly TimeProvider Clock = TimeProvider.System;

    /// <param name="defaultLimits">
    /// With the limit on requests in all that a server has by default; machines ask again when they are told to. Else none is asked to
    /// come back, and what is measured is the work.
    /// </param>
    /// <returns>Whether each was admitted with a token of its own.</returns>
    public static async Task<bool> RunAsync(TextWriter to, int machines, bool defaultLimits, CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("ebb-joins").FullName;
        using var authority = Authority.Create("join", Clock);
        using var agenda = new Agenda(Clock);
        var api = new KubeApi(new ObjectStore(agenda, new Random(1)));
        api.Seed();
        await using var face = await KubernetesFace.StartAsync(api, authority, new KubernetesFaceOptions(), ct);
        var attestor = new Attestor(Clock.GetUtcNow());
        var cloud = new JoiningCloud(machines, Subscription);
        using var access = RealAccess.Read(Write("kubeconfig", face.Kubeconfig("bench")));
        using var client = new KubeClient(
            new KubeConnection { Server = access.Http.BaseAddress!, Origin = "the bench", Transport = _ => access.Handler }, Clock, NullLogger<KubeClient>.Instance);
        using var discovery = new ApiDiscovery(client, Clock);
        var events = new Ebb.Kubernetes.EventRecorder(client, "ebb", "bench", Clock, new Random(1));
        var kubernetes = new ApiKubernetes(client, discovery, events, Clock, new Random(1), NullLogger<ApiKubernetes>.Instance);
        using var issuers = new HttpMessageInvoker(new Issuer(attestor.BetweenDer));
        using var leaf = authority.IssueServer("join", [], []);
        var options = new JoinServerOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            AuthorityFile = Write("ca.crt", authority.CertificatePem),
            CertificateFile = Write("server.crt", leaf.ExportCertificatePem()),
            KeyFile = Write("server.key", Authority.KeyPem(leaf)),
            Distribution = JoinServerOptions.Kubelet,
            Servers = [new Uri("https://10.1.0.10:6443")],
            KubernetesAuthorityFile = Write("kube-ca.crt", authority.CertificatePem),
            AttestationRootsFile = Write("roots.pem", attestor.RootPem),
            AuditFile = Path.Combine(folder, "audit.log"),
        };

        // All machines come from one address.
        options = options with
        {
            PerAddress = defaultLimits ? options.InTotal : new(1e6, 1_000_000),
            InTotal = defaultLimits ? options.InTotal : new(1e6, 1_000_000),
            MostConnectionsPerAddress = options.MostConnections,
            MostNoncesPerAddress = 2 * machines,
        };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var server = await JoinServer.StartAsync(options, new JoinServerParts(client, kubernetes, cloud, Subscription, issuers, Clock, new Random(1), NullLoggerFactory.Instance), ct);
        var running = server.RunAsync(stop.Token);
        List<HttpClient> clients = [.. Enumerable.Range(0, Clients).Select(_ => NewClient(server.Address, authority.Certificate))];
        var took = new double[machines];
        var again = 0;
        var started = Clock.GetTimestamp();

        var tokens = await Task.WhenAll(Enumerable.Range(0, machines).Select(AdmitAsync));

        var all = Clock.GetElapsedTime(started);
        Array.Sort(took);
        var admitted = tokens.Distinct().Count();
        Say("machines admitted, each with a token of its own", $"{admitted:n0} of {machines:n0}");
        Say("all of them in", $"{all.TotalSeconds:0.0} s");
        Say("a second", $"{machines / all.TotalSeconds:0}");
        Say("one of them, p50, p99 and at most", $"{took[machines / 2]:0.0} s, {took[machines * 99 / 100]:0.0} s, {took[^1]:0.0} s");
        Say("asked to come back", $"{again:n0}");
        Say("reads of the cloud", $"{cloud.Reads}");
        Say("resident, all of it in one process", $"{Environment.WorkingSet >> 20} MiB");
        clients.ForEach(each => each.Dispose());
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
        return admitted == machines;

        void Say(string what, string figure) => to.WriteLine($"{what,-52} {figure,20}");

        string Write(string name, string content)
        {
            var path = Path.Combine(folder, name);
            File.WriteAllText(path, content);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return path;
        }

        async Task<string> AdmitAsync(int i)
        {
            // Off the caller's own thread, so that all of them begin before any ends.
            await Task.Yield();
            while (true)
            {
                using var given = await clients[i % Clients].PostAsync(JoinPaths.Nonce, null, ct);
                var told = given.Headers.RetryAfter?.Delta;
                if (given.StatusCode is HttpStatusCode.OK)
                {
                    var nonce = (await given.Content.ReadFromJsonAsync(JoinJson.Default.NonceAnswer, ct))!.Nonce;
                    var document = attestor.Sign(Attestor.Content(JoiningCloud.VmIdOf(i), nonce, Subscription, Clock.GetUtcNow()));
                    var request = new JoinRequest { Proof = new Proof { Kind = ProofKinds.AzureAttestedDocument, Nonce = nonce, Document = document }, Fresh = true };
                    using var response = await clients[i % Clients].PostAsync(JoinPaths.Join, JsonContent.Create(request, JoinJson.Default.JoinRequest), ct);
                    told = response.Headers.RetryAfter?.Delta;
                    if (response.StatusCode is HttpStatusCode.OK)
                    {
                        took[i] = Clock.GetElapsedTime(started).TotalSeconds;
                        return (await response.Content.ReadFromJsonAsync(JoinJson.Default.JoinAnswer, ct))!.Token;
                    }

                    if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.Conflict or HttpStatusCode.ServiceUnavailable))
                    {
                        throw new InvalidOperationException($"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(ct)}");
                    }
                }

                Interlocked.Increment(ref again);
                await Task.Delay(told ?? TimeSpan.FromSeconds(1), Clock, ct);
            }
        }
    }

    private static HttpClient NewClient(IPEndPoint server, X509Certificate2 authority)
    {
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.Add(authority);
        var handler = new SocketsHttpHandler
        {
            MaxConnectionsPerServer = 16,
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust },
            ConnectCallback = async (_, ct) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(server, ct);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        return new HttpClient(handler) { BaseAddress = new Uri($"https://localhost:{server.Port}/"), Timeout = TimeSpan.FromMinutes(5) };
    }

    /// <summary>Where the authority between is published.</summary>
    private sealed class Issuer(byte[] certificate) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(certificate) });
    }
}
