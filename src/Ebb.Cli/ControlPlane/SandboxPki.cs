using System.Collections.Immutable;
using Ebb.Cli.Clusters;
using Ebb.Cli.ControlPlane.Access;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Reports;
using Ebb.Cli.Sandboxes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Cli.ControlPlane;

/// <summary>The keys and certificates of one sandbox's cluster, running or not.</summary>
internal sealed class SandboxPki
{
    // Every component in turn, and each may take its time.
    private static readonly TimeSpan TakenUpWithin = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    private readonly SandboxHome _home;
    private readonly TimeProvider _time;

    private SandboxPki(SandboxHome home, TimeProvider time)
    {
        (_home, _time) = (home, time);
        Files = new PkiFiles(home.Kubernetes);
    }

    public PkiFiles Files { get; }

    public bool Runs => _home.Running() is not null;

    /// <exception cref="EbbException">There is no such sandbox, or it has no keys of its own.</exception>
    public static SandboxPki Of(SandboxHome home, TimeProvider time) =>
        ControlPlaneDirectory.HasCluster(home.Kubernetes) ? new SandboxPki(home, time)
        : throw new EbbException(Directory.Exists(home.Path)
            ? $"Sandbox '{home.Name}' has no control plane of its own, and so no keys. 'ebb up --kubernetes real' makes one."
            : $"There is no sandbox '{home.Name}'. Start one with 'ebb up -d --kubernetes real --name {home.Name}'.");

    public ImmutableArray<CertificateReport> List()
    {
        var now = _time.GetUtcNow();
        return
        [
            .. PkiInventory.Read(Files, _time).Select(entry => new CertificateReport
            {
                Name = entry.Name,
                File = entry.File,
                Subject = entry.Subject,
                Authority = entry.Authority,
                Until = entry.Until,
                DaysLeft = entry.Until is { } until ? (int)Math.Floor((until - now).TotalDays) : null,
                State = entry.Condition.ToString().ToLowerInvariant(),
            }),
        ];
    }

    /// <summary>Renews these, or all, or what is due when none is named.</summary>
    public ImmutableArray<PkiChange> Renew(IReadOnlyCollection<string> names, bool all)
    {
        var before = SecretFile.Read(Files.AdminKubeconfig);
        var chosen = names.Count > 0 ? names : [.. PkiInventory.Read(Files, _time)
            .Where(entry => entry.Authority is not null && (all || entry.Condition is PkiCondition.Due or PkiCondition.Expired or PkiCondition.Unpaired))
            .Select(entry => entry.Name)];
        var changes = Renewal.Renew(Files, chosen, _time);

        // What 'ebb kubeconfig' points to is a copy.
        if (before is not null && File.Exists(_home.Kubeconfig) && SecretFile.Read(_home.Kubeconfig) == before)
        {
            _home.WriteKubeconfig(SecretFile.Read(Files.AdminKubeconfig)!);
        }

        return changes;
    }

    public void RotateServiceAccounts() => ServiceAccountKeys.Rotate(Files);

    public int ForgetServiceAccounts() => ServiceAccountKeys.ForgetOld(Files);

    /// <exception cref="EbbException">It does not run, but all Secrets are to be written anew.</exception>
    public void RequireRunning()
    {
        if (!Runs)
        {
            throw new EbbException($"Sandbox '{_home.Name}' does not run, and its Secrets have to be written anew. Start it first: 'ebb up -d --name {_home.Name}'.");
        }
    }

    /// <returns>How many Secrets were written.</returns>
    public async Task<int> RotateEncryptionAsync(CancellationToken ct)
    {
        using var admin = KubeconfigReading.Open(Files.AdminKubeconfig, _time, NullLoggerFactory.Instance);
        return await new EncryptionRotation(Files, admin, TakenUpAsync).RunAsync(ct);
    }

    /// <summary>Waits until all components run with the files as they are now.</summary>
    /// <exception cref="IOException">The sandbox ended meanwhile, or a component does not come back.</exception>
    public async Task TakenUpAsync(CancellationToken ct)
    {
        var wanted = PkiFingerprint.Of(Files);
        var started = _time.GetTimestamp();
        while (SecretFile.Read(Files.TakenUp) != wanted)
        {
            if (!Runs)
            {
                throw new IOException($"Sandbox '{_home.Name}' ended meanwhile; what was renewed is taken up at its next start.");
            }

            if (_time.GetElapsedTime(started) > TakenUpWithin)
            {
                throw new IOException(
                    $"What was renewed had not been taken up after {TakenUpWithin.TotalMinutes:0} minutes. 'ebb status --name {_home.Name}' says which component does not work; the log is {_home.Log}.");
            }

            await Task.Delay(LookEvery, _time, ct);
        }
    }
}
