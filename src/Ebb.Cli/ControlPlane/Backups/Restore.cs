using Ebb.Cli.ControlPlane.Components;

namespace Ebb.Cli.ControlPlane.Backups;

/// <summary>
/// Puts a cluster back to what a backup holds. All is checked and made ready beside it first; then it is stopped, swapped and
/// started again; if it does not come to work, what was before comes back.
/// </summary>
internal sealed class Restore(ControlPlaneOptions options, TimeProvider time)
{
    // Resource versions that were handed out after the last look at the store, or that had not reached its disk.
    private const long Margin = 1000;

    private readonly RestorePlaces _places = new(options.Directory);
    private readonly EtcdTool _tool = new(options.Binaries, options.Prefix);

    /// <summary>Checks the file and makes the cluster's data of it, beside those that are in use.</summary>
    /// <param name="adopt">Whether this may become another cluster than it was.</param>
    /// <exception cref="EbbException">The file is not fit for this cluster; nothing has changed.</exception>
    public async Task<BackupManifest> PrepareAsync(string file, bool adopt, CancellationToken ct)
    {
        var record = ClusterRecord.Read(options.Directory) ?? throw new EbbException($"There is no cluster in {options.Directory}.");
        var versions = await Versions.ReadAsync(options.Binaries, time, ct);
        RestorePlaces.Discard(_places.Made);
        try
        {
            Directory.CreateDirectory(_places.Made, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var manifest = await BackupFile.ReadAsync(file, _places.Made, ct);
            RequireFit(file, manifest, record, versions, adopt);
            var restored = record with
            {
                Id = manifest.Cluster,
                EtcdToken = ClusterRecord.NewId(),
                RevisionFloor = await FloorAsync(record, versions, ct),
            };
            restored.Write(_places.Made);
            await MakeStoreAsync(restored, versions, ct);
            CopyRest();
            return manifest;
        }
        catch
        {
            RestorePlaces.Discard(_places.Made);
            throw;
        }
    }

    /// <summary>The swap; the cluster must have been stopped.</summary>
    /// <param name="start">Starts what is in the cluster's directory; throws when it does not come to work.</param>
    /// <exception cref="IOException">It does not work with what was restored; all is as before, and runs.</exception>
    public async Task<HostedControlPlane> SwapAsync(Func<CancellationToken, Task<HostedControlPlane>> start, CancellationToken ct)
    {
        _places.Swap();
        HostedControlPlane plane;
        try
        {
            plane = await start(ct);
        }
        catch (Exception e)
        {
            _places.TakeBack();
            if (e is OperationCanceledException && ct.IsCancellationRequested)
            {
                throw;
            }

            // Whoever waits for this holds it, and disposes of it.
            var before = await start(ct);
            throw new RestoreFailedException($"The restored cluster does not work, so the one of before runs again, as it was. {e.Message}", before, e);
        }

        _places.Keep();
        return plane;
    }

    private static void RequireFit(string file, BackupManifest manifest, ClusterRecord record, Versions versions, bool adopt)
    {
        if (manifest.Cluster != record.Id && !adopt)
        {
            throw new EbbException(
                $"'{file}' is of another cluster: '{manifest.Name}' ({manifest.Cluster}), and this is {record.Id}. Nothing was changed. "
                + "Say --force to let this one become that one: its keys go, and its machines have to join again.");
        }

        RequireNotNewer(file, "Kubernetes", manifest.Kubernetes, versions.Kubernetes);
        RequireNotNewer(file, "etcd", manifest.Etcd, versions.Etcd);
    }

    private static void RequireNotNewer(string file, string what, string wrote, ReleaseVersion runs)
    {
        if (ReleaseVersion.Find(wrote) is not { } version || (version.Major, version.Minor).CompareTo((runs.Major, runs.Minor)) > 0)
        {
            throw new EbbException(
                $"'{file}' was written by {what} {wrote}, and {what} {runs} runs here, which cannot read it. Nothing was changed. "
                + $"Let {Binaries.Variable} name programs of {wrote} or later.");
        }
    }

    private async Task MakeStoreAsync(ClusterRecord record, Versions versions, CancellationToken ct)
    {
        var snapshot = Path.Combine(_places.Made, BackupFile.Snapshot);
        var shape = Shaping.Shape(options, new ComponentPaths(_places.Made), record, versions);
        Directory.CreateDirectory(shape.Paths.Etcd, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        for (var member = 0; member < record.Ports.Etcd.Length; member++)
        {
            await _tool.RestoreAsync(shape, member, snapshot, shape.Paths.EtcdData(EtcdMember.NameOf(member, record.Ports.Etcd.Length)), ct);
        }

        File.Delete(snapshot);
    }

    // Certificates stay as they are where the authorities are the same; where not, they are issued anew at the start.
    private void CopyRest()
    {
        var files = Directory.EnumerateFiles(options.Directory, "*.conf")
            .Concat(Directory.EnumerateFiles(Path.Combine(options.Directory, "pki"), "*.crt", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(Path.Combine(options.Directory, "pki"), "*.key", SearchOption.AllDirectories))
            .Append(new ComponentPaths(options.Directory).AuditPolicy);
        foreach (var file in files)
        {
            var target = Path.Combine(_places.Made, Path.GetRelativePath(options.Directory, file));
            if (!File.Exists(target))
            {
                File.Copy(file, target);
            }
        }
    }

    /// <summary>Past every resource version that anyone may hold; 0 when no member tells.</summary>
    private async Task<long> FloorAsync(ClusterRecord record, Versions versions, CancellationToken ct)
    {
        var shape = Shaping.Shape(options, new ComponentPaths(options.Directory), record, versions);
        for (var member = 0; member < record.Ports.Etcd.Length; member++)
        {
            try
            {
                using var revisions = new EtcdRevisions(shape, member, options.Dial);
                return await revisions.NowAsync(ct) + Margin;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !ct.IsCancellationRequested)
            {
                // The next one is asked. A store that nobody can ask has nobody watching either.
            }
        }

        return record.RevisionFloor;
    }
}

/// <summary>A restored cluster did not work.</summary>
internal sealed class RestoreFailedException(string message, HostedControlPlane before, Exception inner) : IOException(message, inner)
{
    /// <summary>What was before, running again.</summary>
    public HostedControlPlane Before => before;
}
