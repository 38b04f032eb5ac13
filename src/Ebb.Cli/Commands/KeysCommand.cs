using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Definition;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Clouds;

namespace Ebb.Cli.Commands;

/// <summary>Shows and rotates the keys and certificates of a cluster.</summary>
internal static class KeysCommand
{
    public static Command Create(Terminal terminal)
    {
        var file = new FileOption();
        var json = JsonOutput.Option();
        var verb = new Verb("keys", "Show every key and certificate of a cluster; make its SSH key where there is none.")
        {
            Options = { json },
            Subcommands = { KeysRotateCommand.Create(terminal) },
            Examples = [new("ebb keys", "those of ebb.yaml's cluster: what for, where, since and until when"), new("ebb keys rotate", "what can be rotated, and what each costs")],
        };
        file.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var path = file.PathOrUsual(parsed);
            var cluster = ClusterFileReader.Read(path, Environment.GetEnvironmentVariable);
            var home = ClusterHome.Of(cluster.Name);
            using (home.Lock())
            {
                SshKeys.Public(cluster.Access.SshKeyFile, home);
            }

            var state = KeyState.Read(home);
            var entries = KeyList.OnDisk(cluster, home).ToList();
            var trouble = await InCloudAsync(path, state, entries, ct);
            if (parsed.GetValue(json))
            {
                terminal.Print(JsonSerializer.Serialize(Report(cluster, state, entries, trouble), KeysJson.Default.KeysReport));
                return;
            }

            Print(entries, state, trouble, terminal);
            foreach (var key in SshKeys.Public(cluster.Access.SshKeyFile, home))
            {
                terminal.Print($"SSH: {key}");
                terminal.Print($"     {SshKeys.Fingerprint(key)}");
            }
        });
        return verb;
    }

    /// <returns>Why the cloud did not say; null when it did, or there is nothing of the cluster in it.</returns>
    private static async Task<string?> InCloudAsync(string path, KeyState state, List<KeyEntry> entries, CancellationToken ct)
    {
        try
        {
            using var session = await ClusterSession.OpenAsync(path, hold: false, ct);
            if (session is not null)
            {
                entries.AddRange(await KeyList.InCloudAsync(session.File, session.Cloud, state, ct));
            }

            return null;
        }
        catch (Exception e) when (e is EbbException or CloudException)
        {
            return e.Message;
        }
    }

    private static KeysReport Report(ClusterFile cluster, KeyState state, IEnumerable<KeyEntry> entries, string? trouble) => new()
    {
        Cluster = cluster.Name,
        Keys = [.. entries.Select(e => new KeyReport(e.Name, e.For, e.Where, e.Since, e.Until, e.Rotation))],
        Rotations = [.. state.Rotations.Select(r => new RotationReport(r.Key, r.Value.Begun, r.Value.Phase, Finished: false, null))],
        CloudTrouble = trouble,
    };

    private static void Print(IEnumerable<KeyEntry> entries, KeyState state, string? trouble, Terminal terminal)
    {
        var grid = new Grid("name", "for", "where", "since", "until", "rotate");
        foreach (var entry in entries)
        {
            var begun = entry.Rotation is { } what && state.PhaseOf(what) is not null;
            grid.Add(
                new(entry.Name),
                new(entry.For),
                new(entry.Where, Tone.Quiet),
                new(entry.Since is { } since ? $"{since:yyyy-MM-dd}" : "-"),
                new(entry.Until is { } until ? $"{until:yyyy-MM-dd}" : "-"),
                begun ? new($"{entry.Rotation}, under way", Tone.Warn) : new(entry.Rotation ?? "-"));
        }

        grid.Print(terminal);
        if (trouble is not null)
        {
            terminal.Say($"The storage accounts' keys are not among them: {trouble}");
        }

        foreach (var (what, rotation) in state.Rotations)
        {
            terminal.Print($"Rotation of {what} was begun on {rotation.Begun:yyyy-MM-dd HH:mm} UTC and is not finished: '{Launcher.Command} keys rotate {what}' goes on.");
        }
    }
}
