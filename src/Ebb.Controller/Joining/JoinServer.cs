using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Ebb.Acting;
using Ebb.Clouds;
using Ebb.Controller.Joining.Limits;
using Ebb.Controller.Joining.Proofs;
using Ebb.Joining;
using Ebb.Kubernetes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ebb.Controller.Joining;

/// <summary>What a join server stands on. All of it stays the caller's to dispose of.</summary>
/// <param name="Cloud">Not the control loop's own; see <see cref="Members"/>.</param>
/// <param name="SubscriptionId">The subscription that machines are in.</param>
/// <param name="Issuers">Fetches certificates of issuers, which are on public addresses.</param>
public sealed record JoinServerParts(
    KubeClient Client,
    ApiKubernetes Kubernetes,
    ICloud Cloud,
    string SubscriptionId,
    HttpMessageInvoker Issuers,
    TimeProvider Time,
    Random Random,
    ILoggerFactory Loggers);

/// <summary>The HTTPS endpoint that admits machines, lets them leave and hears their notices.</summary>
public sealed partial class JoinServer : IAsyncDisposable
{
    private const int MostHeaders = 32;
    private const int MostHeaderBytes = 8 * 1024;
    private const int MostLineBytes = 2 * 1024;

    // What a reader has not taken yet; the system's own choice would be megabytes for each connection.
    private const int MostUnread = 256 * 1024;

    private static readonly TimeSpan HandshakeWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan HeadersWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SummaryEvery = TimeSpan.FromSeconds(10);

    // Bodies of some kilobytes that come slower than this are held back on purpose.
    private static readonly MinDataRate Slowest = new(bytesPerSecond: 512, gracePeriod: TimeSpan.FromSeconds(5));

    // On average, and what waits to be read counts as sent: the agent's eight megabytes hold a place for two minutes at most, for which
    // 64 machines at once need a line of 34 Mbit a second.
    private static readonly MinDataRate SlowestReader = new(bytesPerSecond: 64 * 1024, gracePeriod: TimeSpan.FromSeconds(5));

    private readonly List<IDisposable> _owned = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Registrations _registrations;
    private readonly JoinCounts _counts;
    private readonly JoinFace _face;
    private readonly ServedCertificate _certificate;
    private readonly AddressShares _shares;
    private WebApplication? _app;
    private int _connections;

    private JoinServer(JoinServerOptions options, JoinServerParts parts)
    {
        _time = parts.Time;
        _logger = parts.Loggers.CreateLogger<JoinServer>();
        _shares = new AddressShares(options.MostConnectionsPerAddress);
        var members = Owned(new Members(parts.Cloud, _time, parts.Loggers.CreateLogger<Members>()));
        var tokens = new JoinTokens(options, new BootstrapTokens(
            parts.Client, _time, options.Distribution == JoinServerOptions.K3s ? BootstrapTokens.K3s : BootstrapTokens.Kubeadm));
        var expectations = new Expectations(tokens);
        _registrations = Owned(new Registrations(
            parts.Client, parts.Kubernetes, expectations, members, _time, parts.Random, parts.Loggers.CreateLogger<Registrations>()));
        _counts = Owned(new JoinCounts(() => Volatile.Read(ref _connections), () => expectations.Pending));
        _certificate = new ServedCertificate(options, FileFailed, _time);
        var nonces = new Nonces(options.NonceLifetime, options.MostNonces, options.MostNoncesPerAddress, _time);
        var door = new Doorkeeper(nonces, Checks(options, parts), members, parts.Client);
        var handout = options.HandoutFile is { } path ? new Watched<Handout>([path], () => Handout.Read(path), FileFailed, _time) : null;

        // What is wrong with files is said at the start, not to the first machine.
        _ = (handout?.Current, _certificate.Leaf, _certificate.Authority);
        _face = Owned(new JoinFace(
            new RequestRates(options.PerAddress, options.InTotal, MostAddresses, _time),
            nonces,
            door,
            new Admission(options, door, members, tokens, expectations, parts.Client, parts.Kubernetes, handout, _time),
            new LeaveDesk(door, members, parts.Kubernetes, new NodeDrain(parts.Kubernetes, _time), _time),
            new NoticeDesk(door, parts.Kubernetes, _time),
            Owned(new ServedFiles(options.AgentsDirectory, options.MostDownloadsPerAddress)),
            Owned(new ServedFiles(options.FilesDirectory, options.MostDownloadsPerAddress)),
            _certificate,
            members,
            parts.Kubernetes,
            Owned(options.AuditFile is { } audit ? new AuditLog(audit) : new AuditLog(Console.OpenStandardOutput())),
            _counts,
            options,
            _time,
            parts.Loggers.CreateLogger<JoinFace>()));
    }

    // More addresses than a virtual network of ours has machines.
    private static int MostAddresses => 20_000;

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Starts listening; <see cref="RunAsync"/> is to follow. A port of 0 takes any that is free.</summary>
    /// <exception cref="EbbException">Options or files are wrong; all problems together.</exception>
    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<JoinServer> StartAsync(JoinServerOptions options, JoinServerParts parts, CancellationToken ct)
    {
        var problems = options.Problems().ToList();
        if (problems.Count > 0)
        {
            throw new EbbException("The join server cannot start: " + string.Join(' ', problems));
        }

        var server = new JoinServer(options, parts);
        try
        {
            await server.ListenAsync(options, ct);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sees to nodes that join and leave, until it is cancelled.</summary>
    public Task RunAsync(CancellationToken ct) => Task.WhenAll(_registrations.RunAsync(ct), SummarizeAsync(ct));

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        foreach (var owned in Enumerable.Reverse(_owned))
        {
            owned.Dispose();
        }

        _stopping.Dispose();
    }

    private IReadOnlyList<IIdentityCheck> Checks(JoinServerOptions options, JoinServerParts parts)
    {
        var file = options.AttestationRootsFile;
        var trust = new Watched<AttestationTrust>(
            file is null ? [] : [file],
            () => new AttestationTrust
            {
                Roots = file is null || (options.AttestationRootsMayBeMissing && !File.Exists(file)) ? AttestationTrust.PublicRoots() : [.. Certificates(file)],
                Name = options.AttestationName,
                SubscriptionId = parts.SubscriptionId,
            },
            FileFailed,
            _time);
        _ = trust.Current;
        var download = Owned(new IssuerDownload(parts.Issuers, IssuerDownload.PublicHosts, _time));
        var attested = new AttestedDocumentCheck(() => trust.Current, new SignerChains(download, _time), _time);
        return options.NodeAuthorityFile is { } nodes
            ? [attested, new NodeCertificateCheck(new Watched<X509Certificate2Collection>([nodes], () => Certificates(nodes), FileFailed, _time), _time)]
            : [attested];
    }

    private static X509Certificate2Collection Certificates(string file)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(Pem.Read(file));
        return all.Count > 0 ? all : throw new EbbException($"There is no certificate in '{file}'. Put the authority's there, as PEM.");
    }

    private async Task ListenAsync(JoinServerOptions options, CancellationToken ct)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Bound(kestrel, options));
        builder.Services.Configure<SocketTransportOptions>(sockets => sockets.CreateBoundListenSocket = Bound);
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.AddLogging();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(3));
        _app = builder.Build();
        _app.Run(http => _face.HandleAsync(http, _stopping.Token));
        await _app.StartAsync(ct);
        var address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Address = new IPEndPoint(options.Listen.Address, new Uri(address).Port);
        LogListens(Address.ToString());
    }

    private static Socket Bound(EndPoint endpoint)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        socket.SendBufferSize = MostUnread;
        return socket;
    }

    private void Bound(KestrelServerOptions kestrel, JoinServerOptions options)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = options.MostConnections;
        limits.MaxRequestBodySize = JoinPaths.MostRequestBytes;
        limits.MaxRequestHeaderCount = MostHeaders;
        limits.MaxRequestHeadersTotalSize = MostHeaderBytes;
        limits.MaxRequestLineSize = MostLineBytes;
        limits.RequestHeadersTimeout = HeadersWithin;
        limits.KeepAliveTimeout = KeepAlive;
        limits.MinRequestBodyDataRate = Slowest;
        limits.MinResponseDataRate = SlowestReader;
        kestrel.Listen(options.Listen, listen =>
        {
            // One request at a time on a connection: nothing here gains by more, and it bounds what one connection can ask for.
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(next => async connection =>
            {
                var address = RequestRates.KeyOf((connection.RemoteEndPoint as IPEndPoint)?.Address);
                if (!_shares.Enter(address))
                {
                    // Who returns without going on closes it.
                    return;
                }

                Interlocked.Increment(ref _connections);
                try
                {
                    await next(connection);
                }
                finally
                {
                    Interlocked.Decrement(ref _connections);
                    _shares.Leave(address);
                }
            });
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = HandshakeWithin,
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = _certificate.Leaf,
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    AllowRenegotiation = false,
                }),
            });
        });
    }

    private async Task SummarizeAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(SummaryEvery, _time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            if (_counts.TakeRefusedByRate() is var refused and > 0)
            {
                LogTooFast(refused, SummaryEvery);
            }

            if (_shares.TakeRefused() is var closed and > 0)
            {
                LogTooMany(closed, SummaryEvery);
            }
        }
    }

    private void FileFailed(string path, Exception e) => LogFileFailed(path, e.Message);

    private T Owned<T>(T disposable)
        where T : IDisposable
    {
        _owned.Add(disposable);
        return disposable;
    }

    [LoggerMessage(LogLevel.Information, "The join server listens on {Address}")]
    private partial void LogListens(string address);

    [LoggerMessage(LogLevel.Warning, "{Count} requests came too fast and were refused in the last {Span}")]
    private partial void LogTooFast(long count, TimeSpan span);

    [LoggerMessage(LogLevel.Warning, "{Count} connections were closed in the last {Span}, since their address had as many as one may have")]
    private partial void LogTooMany(long count, TimeSpan span);

    [LoggerMessage(LogLevel.Error, "'{Path}' has changed and cannot be used; what was read before stays in use: {Trouble}")]
    private partial void LogFileFailed(string path, string trouble);
}
