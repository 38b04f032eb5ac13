using Ebb.Cli.ControlPlane.Components;

namespace Ebb.Cli.ControlPlane.Backups;

/// <summary>Takes a backup of a running cluster.</summary>
internal static class Backup
{
    /// <param name="overwrite">Whether a file of this name may be replaced.</param>
    /// <exception cref="EbbException">The file cannot be written there; nothing was.</exception>
    public static async Task<BackupManifest> TakeAsync(
        string path, bool overwrite, string name, ControlPlaneShape shape, ClusterRecord record, EtcdTool tool, TimeProvider time, CancellationToken ct)
    {
        RequirePlace(path, overwrite);
        var work = Directory.CreateDirectory(
            Path.Combine(shape.Paths.Root, $"backup-{ClusterRecord.NewId()}"),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        try
        {
            var snapshot = Path.Combine(work, BackupFile.Snapshot);
            await SaveAsync(shape, tool, snapshot, ct);
            var manifest = new BackupManifest
            {
                Cluster = record.Id,
                Name = name,
                TakenAt = time.GetUtcNow(),
                Kubernetes = shape.Kubernetes.ToString(),
                Etcd = shape.Etcd.ToString(),
                Parts = [],
            };
            var files = Identity.Files.ToDictionary(file => file, file => Path.Combine(shape.Paths.Root, file));
            files.Add(BackupFile.Snapshot, snapshot);
            await BackupFile.WriteAsync(path, manifest, files, ct);
            return manifest;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static void RequirePlace(string path, bool overwrite)
    {
        var folder = Path.GetDirectoryName(path);
        if (Directory.Exists(path) || Path.EndsInDirectorySeparator(path))
        {
            throw new EbbException($"'{path}' is a directory. Name a file in it, for example {Path.Combine(path, "farm.ebb")}.");
        }

        if (!Directory.Exists(folder))
        {
            throw new EbbException($"There is no directory '{folder}' for the backup. Make it, or choose another place.");
        }

        if (File.Exists(path) && (!overwrite || !BackupFile.IsOne(path)))
        {
            throw new EbbException(BackupFile.IsOne(path)
                ? $"'{path}' is there already. Choose another name, or say --force to replace it."
                : $"'{path}' is there already, and is no backup. Choose another name.");
        }
    }

    // Any member has everything; one may just be down.
    private static async Task SaveAsync(ControlPlaneShape shape, EtcdTool tool, string snapshot, CancellationToken ct)
    {
        for (var member = 0; ; member++)
        {
            try
            {
                await tool.SaveAsync(shape, member, snapshot, ct);
                return;
            }
            catch (IOException) when (member + 1 < shape.Ports.Etcd.Length)
            {
                // The next one is asked; what the last one says is told.
            }
        }
    }
}
