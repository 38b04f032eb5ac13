using System.Security.Cryptography;
using Ebb.Cli.Clusters;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Kubernetes;
using Ebb.Sandbox.Cloud;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>
/// Stands in for one control-plane machine: proves itself by the machine's identity, takes from the private share what the machine was
/// told to take, runs what it would run, and follows what is wanted of it there, in its turn. It may do in the cloud what the machine's
/// roles allow, and nothing else.
/// </summary>
internal sealed partial class ControlPlaneMachine : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // What an identity may do is known everywhere after some minutes.
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(2);

    // What can heal is tried for so long; then the machine says that it failed, and why.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Instance _machine;
    private readonly ControlPlaneBirth _birth;
    private readonly ControlPlaneDisk _disk;
    private readonly IControlPlaneCluster _cluster;
    private readonly AuthorityStore _store;
    private readonly ControlPlaneShare _share;
    private readonly ControlPlaneInstall _install;
    private readonly ControlPlaneService _service;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HttpMessageInvoker _metadataHttp = new(InstanceMetadata.NewHandler());
    private readonly HttpMessageInvoker _http;

    public ControlPlaneMachine(
        Instance machine,
        ControlPlaneBirth birth,
        ControlPlaneDisk disk,
        ControlPlaneGround ground,
        IControlPlaneCluster cluster,
        AuthorityStore store,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        (_machine, _birth, _disk, _cluster, _store, _time) = (machine, birth, disk, cluster, store, time);
        _logger = loggers.CreateLogger<ControlPlaneMachine>();
        _http = new HttpMessageInvoker(AzureHttp.Handler(ground.AuthorityFile));
        var random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
        var metadata = new InstanceMetadata(_metadataHttp, ground.MetadataOf(machine), time, random);
        var manager = ground.Access.Endpoint;
        ValueTask<AccessToken> TokenAsync(CancellationToken ct) => metadata.TokenAsync(manager, null, ct);
        _share = new ControlPlaneShare(birth, ground, new ArmConnection(new Uri(manager), ground.Access.Subscription, _http, TokenAsync, time, random), _http, time);
        _install = new ControlPlaneInstall(disk, _share);
        _service = new ControlPlaneService(machine, disk, ground, cluster, TokenAsync, time, loggers);
    }

    /// <summary>Until the machine's power is cut.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        await PatientlyAsync(BeBornAsync, ct);
        await PatientlyAsync(StartAsync, ct);
        while (true)
        {
            await PatientlyAsync(FollowAsync, ct);
            await Task.Delay(LookEvery, _time, ct);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        _http.Dispose();
        _metadataHttp.Dispose();
    }

    private KubernetesAuthorities Authorities => new(_disk.At(_birth.AuthoritiesAt));

    /// <summary>As wanted now, where something is; else as it was told at its birth, which is enough.</summary>
    private async Task BeBornAsync(CancellationToken ct)
    {
        if (_disk.Installed is not null)
        {
            return;
        }

        var wanted = await _share.WantedAsync(ct);
        var told = wanted?.Configuration ?? _birth;
        ControlPlaneInstall.RequireRelease(told);
        await _install.FilesAsync(told, ct);
        await _install.HandoutAsync(told, ct);
        if (wanted is not null)
        {
            await _install.TextsAsync(wanted, ct);
        }

        // It is given what keys were exchanged for. Only the authorities are those that the cluster has, which may not know of others yet.
        var given = _store.IsEmpty || told.Rotation?.AuthoritiesFor(_machine.Name) is null;
        _disk.Installed = new ControlPlaneInstalled(told.Release, wanted?.Generation ?? "", 0, ControlPlanePhase.Done, null) { Rotated = given ? told.Rotation?.Id : null };
        if (!given)
        {
            Rotate(told);
        }
    }

    /// <summary>Exchanges what k3s has its commands for, where that is not done yet.</summary>
    /// <returns>Whether k3s has to be started anew.</returns>
    private bool Rotate(ControlPlaneBirth told)
    {
        if (told.Rotation is not { } rotation || rotation.Id == _disk.Installed!.Rotated)
        {
            return false;
        }

        if (rotation.AuthoritiesFor(_machine.Name) is { } staged)
        {
            _store.Replace(new KubernetesAuthorities(Path.Combine(_disk.At(staged), "tls")));
        }

        _disk.Installed = _disk.Installed with { Rotated = rotation.Id };
        return true;
    }

    private KubernetesAuthorities TakeUp(string? release)
    {
        if (release is not null)
        {
            _store.TakeUp(Authorities);
        }

        return Authorities;
    }

    private async Task StartAsync(CancellationToken ct)
    {
        var installed = _disk.Installed!;
        var kubernetes = await _cluster.RunAsync(_machine, installed.Release, _birth.Ranges, TakeUp(installed.Release), ct);
        await _service.StartAsync(kubernetes, Authorities, installed.Release);
        await _service.UpAsync(ct);
        await TellAsync(installed, ct);
    }

    private async Task FollowAsync(CancellationToken ct)
    {
        var turn = await _share.TurnAsync(ct);
        var installed = _disk.Installed!;
        if (turn is null || !turn.Machines.Contains(_machine.Name, StringComparer.OrdinalIgnoreCase)
            || (turn.Generation == installed.Generation && (installed.Phase is ControlPlanePhase.Done || (installed.Phase is ControlPlanePhase.Failed && turn.Attempt <= installed.Attempt)))
            || await _share.WantedAsync(ct) is not { } wanted || wanted.Generation != turn.Generation)
        {
            return;
        }

        var working = new ControlPlaneInstalled(installed.Release, turn.Generation, turn.Attempt, ControlPlanePhase.Working, null);
        await NoteAsync(working, ct);
        ControlPlaneInstalled outcome;
        try
        {
            outcome = working with { Release = await BecomeAsync(wanted, ct), Phase = ControlPlanePhase.Done };
            LogBecame(_machine.Name, wanted.Generation);
        }
        catch (Exception e) when (e is EbbException or CloudException or KubeException or IOException or HttpRequestException or TimeoutException)
        {
            outcome = _disk.Installed! with { Phase = ControlPlanePhase.Failed, Why = e.Message };
            LogFailed(_machine.Name, wanted.Generation, e.Message);
        }

        await NoteAsync(outcome, ct);
    }

    /// <returns>The release that it runs then.</returns>
    private async Task<string?> BecomeAsync(ControlPlaneWanted wanted, CancellationToken ct)
    {
        ControlPlaneInstall.RequireRelease(wanted.Configuration);
        var restarts = await WithinPatienceAsync(
            async () => (await _install.FilesAsync(wanted.Configuration, ct)).Union(await _install.TextsAsync(wanted, ct)), ct);
        await WithinPatienceAsync(
            async () =>
            {
                await _install.HandoutAsync(wanted.Configuration, ct);
                return true;
            },
            ct);
        var before = _disk.Installed!;
        var release = wanted.Configuration.Release;
        var anew = release != before.Release;
        if (Rotate(wanted.Configuration) || anew || restarts.Contains(Restart.K3s))
        {
            var kubernetes = await _cluster.RunAnewAsync(_machine, release, _birth.Ranges, TakeUp(release), ct);
            _disk.Installed = _disk.Installed! with { Release = release };
            await _service.StartAsync(kubernetes, Authorities, release);
        }
        else if (restarts.Contains(Restart.Ebb))
        {
            await _service.StartAsync(await _cluster.RunAsync(_machine, release, _birth.Ranges, Authorities, ct), Authorities, release);
        }

        using var deadline = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            await _service.UpAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException($"ebb.service was not active within {Patience.TotalSeconds} s.");
        }

        return release;
    }

    private async Task NoteAsync(ControlPlaneInstalled installed, CancellationToken ct)
    {
        _disk.Installed = installed;
        await TellAsync(installed, ct);
    }

    private Task TellAsync(ControlPlaneInstalled installed, CancellationToken ct) => _share.TellAsync(
        new ControlPlaneState
        {
            Machine = _machine.Name,
            Generation = installed.Generation,
            Attempt = installed.Attempt,
            Phase = installed.Phase,
            Why = installed.Why,
            Release = installed.Release ?? "",
            Ebb = _install.ProgramHash,
            Store = true,
            At = _time.GetUtcNow(),
        },
        ct);

    private async Task<T> WithinPatienceAsync<T>(Func<Task<T>> act, CancellationToken ct)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            try
            {
                return await act();
            }
            catch (CloudException) when (_time.GetElapsedTime(started) < Patience)
            {
                // A file that is just being written.
                await Task.Delay(AgainAfter, _time, ct);
            }
        }
    }

    /// <summary>As the machine's own services, which are started anew: a role that is not known yet, a share that is being written.</summary>
    private async Task PatientlyAsync(Func<CancellationToken, Task> act, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await act(ct);
                return;
            }
            catch (Exception e) when (e is CloudException or KubeException or EbbException or IOException or HttpRequestException)
            {
                LogAgain(_machine.Name, e.Message);
                await Task.Delay(AgainAfter, _time, ct);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "Control-plane machine {Machine} has become generation {Generation}")]
    private partial void LogBecame(string machine, string generation);

    [LoggerMessage(LogLevel.Error, "Control-plane machine {Machine} could not become generation {Generation}: {Reason}")]
    private partial void LogFailed(string machine, string generation, string reason);

    [LoggerMessage(LogLevel.Warning, "Control-plane machine {Machine} tries again: {Reason}")]
    private partial void LogAgain(string machine, string reason);
}
