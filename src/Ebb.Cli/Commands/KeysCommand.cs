using System.CommandLine;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Definition;
using Ebb.Cli.Output;

namespace Ebb.Cli.Commands;

/// <summary>Makes, shows and changes the key that logs in to a cluster's machines.</summary>
internal static class KeysCommand
{
    public static Command Create(Terminal terminal)
    {
        var file = new FileOption();
        var verb = new Verb("keys", "Make the SSH key of a cluster's machines where there is none, and show where it is.")
        {
            Subcommands = { Rotate(terminal) },
            Examples = [new("ebb keys", "that of ebb.yaml's cluster"), new("ebb keys rotate", "another one, before the cluster is made anew")],
        };
        file.AddTo(verb);
        verb.SetAction(parsed =>
        {
            var cluster = Read(file.PathOrUsual(parsed));
            var home = ClusterHome.Of(cluster.Name);
            using (home.Lock())
            {
                Show(cluster, home, terminal);
            }
        });
        return verb;
    }

    private static Verb Rotate(Terminal terminal)
    {
        var file = new FileOption();
        var verb = new Verb("rotate", "Make another SSH key, for machines that are made from now on.")
        {
            Examples = [new("ebb keys rotate", "after 'ebb down --keep-storage', before the next 'ebb up'")],
        };
        file.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var path = file.PathOrUsual(parsed);
            var cluster = Read(path);
            if (cluster.Access.SshKeyFile is { } own)
            {
                throw new EbbException($"The key is your own: access.sshKeyFile in {path} names {own}. Name another file there.");
            }

            // Azure keeps the keys that a machine was made with, and refuses others.
            using (var session = await ClusterSession.OpenAsync(path, hold: false, ct))
            {
                if (session is not null && await session.Cloud.Groups.FindAsync(cluster.Cloud.ComputeGroup, ct) is not null)
                {
                    throw new EbbException(
                        $"Cluster '{cluster.Name}' has machines, and Azure does not change the keys of a machine that is there. "
                        + $"'{Launcher.Command} down --keep-storage' first, then this, then '{Launcher.Command} up'; to let one more key in, add it to ~/.ssh/authorized_keys by 'ebb proxy'.");
                }
            }

            var home = ClusterHome.Of(cluster.Name);
            using (home.Lock())
            {
                SshKeys.Replace(home);
                Show(cluster, home, terminal);
            }
        });
        return verb;
    }

    private static ClusterFile Read(string path) => ClusterFileReader.Read(path, Environment.GetEnvironmentVariable);

    private static void Show(ClusterFile cluster, ClusterHome home, Terminal terminal)
    {
        var keys = SshKeys.Public(cluster.Access.SshKeyFile, home);
        terminal.Print($"Private key: {SshKeys.PrivateFile(cluster.Access.SshKeyFile, home) ?? "in your agent"}");
        foreach (var key in keys)
        {
            terminal.Print($"Public key:  {key}");
            terminal.Print($"Fingerprint: {SshKeys.Fingerprint(key)}");
        }
    }
}
