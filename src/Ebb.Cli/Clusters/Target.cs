using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Ebb.Acting;
using Ebb.Cli.ControlPlane.Supervising;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Cli.Sandboxes;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Clusters;

/// <summary>One cluster and the cloud of its pools, reached the same way whether real or a sandbox.</summary>
internal sealed class Target : IAsyncDisposable
{
    // Lists of the largest clusters take seconds; longer than this something does not answer.
    private static readonly TimeSpan SyncWithin = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan SyncLook = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan WatchLook = TimeSpan.FromMilliseconds(250);

    // A view is for people: the cloud's machines need not be newer than this.
    private static readonly TimeSpan CloudEvery = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan TellAfter = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan RedrawAfter = TimeSpan.FromSeconds(1);

    private readonly KubeClient _client;
    private readonly ApiDiscovery _discovery;
    private readonly HttpMessageInvoker _http;
    private readonly HttpClient? _tokens;
    private Func<ImmutableArray<ComponentState>> _components = static () => [];
    private ILoggerFactory? _ownLoggers;

    private Target(KubeConnection connection, AzureScope scope, AzureAccess? access, ILoggerFactory loggers, TokenSource? tokens = null)
    {
        var time = TimeProvider.System;
        Random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
        Time = time;
        Scope = scope;
        Loggers = loggers;
        _client = new KubeClient(connection, time, loggers.CreateLogger<KubeClient>());
        _discovery = new ApiDiscovery(_client, time);
        var events = new EventRecorder(_client, "ebb", Environment.MachineName, time, Random);
        Kubernetes = new ApiKubernetes(_client, _discovery, events, time, Random, loggers.CreateLogger<ApiKubernetes>());
        _http = new HttpMessageInvoker(AzureHttp.Handler(access?.AuthorityFile));
        var tokenHttp = access?.AuthorityFile is { } authority ? new HttpClient(AzureHttp.Handler(authority)) : null;
        _tokens = tokenHttp;
        var source = tokens ?? AzureTokens.Source(access?.Client, scope.ArmEndpoint, tokenHttp);
        NewCloud = () => new AzureCloud(scope, _http, source, new AzureOptions(), time, Random, loggers.CreateLogger<AzureCloud>());
        Cloud = NewCloud();
    }

    public ApiKubernetes Kubernetes { get; }

    public AzureCloud Cloud { get; }

    /// <summary>Another view of the same cloud, for a reader beside the loop: what one has read the other has not.</summary>
    public Func<AzureCloud> NewCloud { get; }

    public KubeClient Client => _client;

    public AzureScope Scope { get; }

    public ILoggerFactory Loggers { get; }

    public TimeProvider Time { get; }

    public Random Random { get; }

    /// <summary>How the components of its control plane are doing, where Ebb runs them; known also when the API does not answer.</summary>
    public ImmutableArray<ComponentReport> Components => [.. _components().Select(ComponentReport.Of)];

    public KubeConnection Connection => _client.Connection;

    public static Policy Policy { get; } = new();

    /// <summary>A cluster that the user names, in whole or in part.</summary>
    public static async Task<Target> OpenAsync(Access access, ILoggerFactory loggers, CancellationToken ct)
    {
        var connection = KubeconfigReading.Load(access.Kubeconfig, TimeProvider.System, access.Context);
        using var metadataHttp = new HttpMessageInvoker(InstanceMetadata.NewHandler());
        var metadata = new InstanceMetadata(metadataHttp, InstanceMetadata.Default, TimeProvider.System, new Random(1));
        var settings = new AzureSettings(access.Subscription, access.ResourceGroup, access.ArmEndpoint);
        var scope = await AzureScope.ResolveAsync(settings, Environment.GetEnvironmentVariable, metadata, ct);
        return new Target(connection, scope, access: null, loggers) { _ownLoggers = loggers };
    }

    /// <summary>A sandbox of this user.</summary>
    public static Target Open(SandboxHome home, AzureAccess access, ILoggerFactory loggers)
    {
        var target = Open(home.Kubeconfig, access, loggers);
        target._components = home.Components;
        target._ownLoggers = loggers;
        return target;
    }

    /// <summary>A cluster by its kubeconfig and its resource group.</summary>
    /// <param name="access">How to prove oneself there; null for the user's own login.</param>
    /// <param name="tenant">Whose directory that login is to be of; null for its own.</param>
    /// <param name="components">Of its control plane, as they are when it is called; none where Ebb does not run them.</param>
    public static Target Open(
        string kubeconfig, AzureScope scope, AzureAccess? access, string? tenant, Func<ImmutableArray<ComponentState>> components, ILoggerFactory loggers)
    {
        var connection = KubeconfigReading.Load(kubeconfig, TimeProvider.System);
        var tokens = access is null ? AzureTokens.Source(null, scope.ArmEndpoint, null, tenant) : null;
        return new Target(connection, scope, access, loggers, tokens) { _ownLoggers = loggers, _components = components };
    }

    /// <summary>A cluster as one of its own machines reaches it.</summary>
    /// <param name="tokens">Of the machine's identity.</param>
    /// <param name="loggers">Stay the caller's.</param>
    public static Target Open(KubeConnection connection, AzureScope scope, AzureAccess access, TokenSource tokens, ILoggerFactory loggers) =>
        new(connection, scope, access, loggers, tokens);

    /// <summary>A cluster by its kubeconfig and an emulated cloud.</summary>
    /// <param name="loggers">Stay the caller's.</param>
    public static Target Open(string kubeconfig, AzureAccess access, ILoggerFactory loggers)
    {
        var connection = KubeconfigReading.Load(kubeconfig, TimeProvider.System);
        var scope = new AzureScope(access.Subscription, access.ResourceGroup, null, new Uri(access.Endpoint));
        return new Target(connection, scope, access, loggers);
    }

    /// <summary>Fails with what is wrong when the API server cannot be reached or does not know us.</summary>
    public Task ProbeAsync(CancellationToken ct) => ServerReleaseAsync(ct);

    /// <summary>Looks at everything once; a person who waits for it longer than a second is told.</summary>
    public Task<Seen> LookAsync(Terminal terminal, CancellationToken ct) => LookAsync(terminal, whole: false, ct);

    /// <summary>The same for whoever acts on what is seen: all machines of all pools are.</summary>
    /// <exception cref="CloudException">The cloud does not show them.</exception>
    public Task<Seen> LookAtAllAsync(Terminal terminal, CancellationToken ct) => LookAsync(terminal, whole: true, ct);

    /// <summary>Looks, then looks again whenever something has changed.</summary>
    public IAsyncEnumerable<Seen> WatchAsync(CancellationToken ct) => WatchAsync(whole: false, ct);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _discovery.Dispose();
        _http.Dispose();
        _tokens?.Dispose();
        _ownLoggers?.Dispose();
        await ValueTask.CompletedTask;
    }

    private async Task<Seen> LookAsync(Terminal terminal, bool whole, CancellationToken ct)
    {
        var looking = LookAsync(whole, ct);
        if (terminal.Rich && await Task.WhenAny(looking, Task.Delay(TellAfter, Time, ct)) != looking)
        {
            terminal.Say($"Looking at {Connection.Server} and {Scope.ArmEndpoint} ...");
        }

        return await looking;
    }

    private async Task<Seen> LookAsync(bool whole, CancellationToken ct)
    {
        await foreach (var seen in WatchAsync(whole, ct))
        {
            return seen;
        }

        throw new InvalidOperationException("A watch ends only by cancellation.");
    }

    private async IAsyncEnumerable<Seen> WatchAsync(bool whole, [EnumeratorCancellation] CancellationToken ct)
    {
        var server = await ServerReleaseAsync(ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var state = new ClusterState();
        var watching = Kubernetes.WatchAsync(state, stop.Token);
        try
        {
            await SyncAsync(state, watching, ct);
            CloudView? cloud = null;
            var notes = ImmutableDictionary<string, string>.Empty;
            string? controller = null;
            IReadOnlySet<string> inMotion = ImmutableHashSet<string>.Empty;
            var version = -1L;
            var shownAt = DateTimeOffset.MinValue;
            while (true)
            {
                var now = Time.GetUtcNow();
                if (cloud is null || now - cloud.ReadAt >= CloudEvery)
                {
                    cloud = whole ? await WholeView.ReadAsync(Cloud, Time, ct) : await Cloud.ReadAsync(inMotion, ct);
                    notes = (await Kubernetes.RecallAsync(ct)).ToImmutableDictionary();
                    controller = Leader(await Kubernetes.LeaseAsync(ct), now);
                }

                if (version != state.Version || now - shownAt >= RedrawAfter)
                {
                    version = state.Version;
                    shownAt = now;
                    var snapshot = state.Take(now, cloud, notes);
                    var plan = Planner.Plan(snapshot, Policy);
                    inMotion = plan.InMotion;
                    yield return new Seen(
                        snapshot,
                        plan,
                        Reporting.Report(snapshot, plan, Connection.Server.ToString(), $"{Scope.SubscriptionId}/{Scope.ResourceGroup}", controller, server) with
                        {
                            Components = Components,
                        });
                }

                await Task.Delay(WatchLook, Time, ct);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await EndOfAsync(watching);
        }
    }

    private async Task SyncAsync(ClusterState state, Task watching, CancellationToken ct)
    {
        var started = Time.GetTimestamp();
        while (!state.Synced)
        {
            if (watching.IsCompleted)
            {
                await watching;
            }

            if (Time.GetElapsedTime(started) > SyncWithin)
            {
                throw new TimeoutException(
                    $"The API server {Connection.Server} did not list nodes, pods and what belongs to them within {SyncWithin.TotalSeconds:0} s. "
                    + "Check that you may list them ('kubectl auth can-i list pods -A').");
            }

            await Task.Delay(SyncLook, Time, ct);
        }
    }

    private async Task<string?> ServerReleaseAsync(CancellationToken ct) => (await _discovery.ServerVersionAsync(ct)).GitVersion;

    private static string? Leader(V1Lease? lease, DateTimeOffset now) =>
        lease?.Spec is { HolderIdentity: { Length: > 0 } holder, RenewTime: { } renewed } spec
            && now - renewed < TimeSpan.FromSeconds(spec.LeaseDurationSeconds ?? 0)
            ? holder
            : null;

    private static async Task EndOfAsync(Task watching)
    {
        try
        {
            await watching;
        }
        catch (OperationCanceledException)
        {
            // Asked for.
        }
    }
}

/// <summary>One look at a cluster.</summary>
internal sealed record Seen(Snapshot Snapshot, Plan Plan, StatusReport Report)
{
    /// <exception cref="EbbException">There is no such pool.</exception>
    public NamedPool Pool(string name) => NamedPool.Find(Snapshot, name);
}
