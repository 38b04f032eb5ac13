using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Backups;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Commands;

/// <summary>Writes all that a cluster holds into one file.</summary>
internal static class BackupCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = NameOption.Create();
        var file = new Argument<string>("file") { Description = "Where to write it. Keep it as you keep keys: it holds the cluster's." };
        var force = new Option<bool>("--force") { Description = "Replace a file of that name." };
        var json = JsonOutput.Option();
        var verb = new Verb("backup", "Write all that the sandbox's real cluster holds, with its keys, into one file.")
        {
            Arguments = { file },
            Options = { name, force, json },
            Examples = [new("ebb backup farm.ebb", "of the cluster as it runs"), new("ebb backup /srv/backup/farm.ebb --force", "in the place of an older one")],
        };
        verb.SetAction(async (parsed, ct) =>
        {
            var home = SandboxHome.Of(parsed.GetRequiredValue(name));
            var path = Path.GetFullPath(parsed.GetRequiredValue(file));
            var time = TimeProvider.System;
            var placement = home.Require().Placement ?? throw new EbbException(
                $"Sandbox '{home.Name}' has an embedded Kubernetes, which keeps nothing. 'ebb up --kubernetes real' makes one that does.");
            var binaries = Binaries.Locate() ?? throw BinariesBuild.Missing();
            var record = ClusterRecord.Read(home.Kubernetes) ?? throw new IOException($"Sandbox '{home.Name}' is being restored or ended. Try again.");
            var options = new ControlPlaneOptions { Directory = home.Kubernetes, Binaries = binaries, BindAddress = placement.BindAddress };
            var shape = Shaping.Shape(options, new ComponentPaths(home.Kubernetes), record, await Versions.ReadAsync(binaries, time, ct));
            var made = await Backup.TakeAsync(
                path, parsed.GetValue(force), home.Name, shape, record, new EtcdTool(binaries, placement.Prefix), time, ct);
            var bytes = new FileInfo(path).Length;
            if (parsed.GetValue(json))
            {
                var report = new BackupReport
                {
                    File = path,
                    Bytes = bytes,
                    Cluster = made.Cluster,
                    TakenAt = made.TakenAt,
                    Kubernetes = made.Kubernetes,
                    Etcd = made.Etcd,
                };
                terminal.Print(JsonSerializer.Serialize(report, ReportJson.Default.BackupReport));
                return;
            }

            terminal.Print($"Sandbox '{home.Name}' is backed up in {path}, {bytes / 1024.0 / 1024.0:0.0} MiB. It holds the cluster's keys: keep it as you keep those.");
        });
        return verb;
    }
}
