using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;
using Ebb.Cli.ControlPlane.Components;

namespace Ebb.Cli.ControlPlane.Backups;

/// <summary>etcd's own tools, for what is theirs to know: the form of a snapshot and of a data directory.</summary>
internal sealed class EtcdTool(Binaries binaries, ImmutableArray<string> prefix)
{
    private const string Client = "etcdctl";

    // Since 3.5 what works on files has a tool of its own; since 3.6 the client no longer does it.
    private const string Offline = "etcdutl";

    /// <summary>Saves what a running member has.</summary>
    public Task SaveAsync(ControlPlaneShape shape, int member, string file, CancellationToken ct) => RunAsync(
        Client,
        [
            "snapshot", "save", file,
            $"--endpoints={EtcdMember.ClientUrl(shape, member)}",
            $"--cacert={shape.Paths.Pki("etcd/ca.crt")}",
            $"--cert={shape.Paths.Pki("etcd/healthcheck-client.crt")}",
            $"--key={shape.Paths.Pki("etcd/healthcheck-client.key")}",
        ],
        ct);

    /// <summary>Makes a member's data directory of a snapshot, whose digest is checked.</summary>
    public Task RestoreAsync(ControlPlaneShape shape, int member, string snapshot, string data, CancellationToken ct) => RunAsync(
        FileTool,
        [
            "snapshot", "restore", snapshot,
            $"--name={EtcdMember.NameOf(member, shape.Ports.Etcd.Length)}",
            $"--data-dir={data}",
            $"--initial-cluster={EtcdMember.InitialCluster(shape)}",
            $"--initial-cluster-token={shape.EtcdToken}",
            $"--initial-advertise-peer-urls={EtcdMember.PeerUrl(shape, member)}",
        ],
        ct);

    private string FileTool => binaries.Find(Offline) is null ? Client : Offline;

    private async Task RunAsync(string tool, IEnumerable<string> arguments, CancellationToken ct)
    {
        ImmutableArray<string> line = [.. prefix, binaries.Of(tool), .. arguments];
        var start = new ProcessStartInfo(line[0], line.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true };

        // Its flags may stand there too, for another cluster.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("ETCD", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["ETCDCTL_API"] = "3";
        try
        {
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync(ct);
            try
            {
                var output = await process.StandardOutput.ReadToEndAsync(ct);
                await process.WaitForExitAsync(ct);
                if (process.ExitCode != 0)
                {
                    throw new IOException($"{tool} {string.Join(' ', arguments.Take(2))} failed: {LastLine(await error, output)}");
                }
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                throw;
            }
        }
        catch (Win32Exception e)
        {
            throw new EbbException($"{binaries.Of(tool)} cannot be run: {e.Message}. Put a program for this machine there, and let it be executable.", e);
        }
    }

    private static string LastLine(params IEnumerable<string> outputs) =>
        outputs.SelectMany(text => text.Split('\n')).Select(line => line.Trim()).LastOrDefault(line => line.Length > 0) ?? "it did not say why";
}
