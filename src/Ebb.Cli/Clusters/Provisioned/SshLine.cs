using System.Collections.Immutable;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>How a control-plane machine is logged in to: the words of an <c>ssh</c> command line.</summary>
internal static class SshLine
{
    // Where the API and the add-ons of a control plane listen, and where they are to be found here. Low ports are root's.
    private const string Api = "6443:127.0.0.1:6443";

    private const string Http = "8080:127.0.0.1:80";

    private const string Https = "8443:127.0.0.1:443";

    private const string Registry = "5000:127.0.0.1:5000";

    // A machine that does not answer is given up, and one that falls silent in the middle is noticed.
    private static readonly string[] Patience = ["-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"];

    /// <param name="machine">Of the control plane, from 0.</param>
    /// <param name="more">Options before the host.</param>
    /// <param name="command">Run there; empty for a session.</param>
    /// <exception cref="EbbException">There is no such machine, or it is none that can be logged in to.</exception>
    public static ImmutableArray<string> Of(
        ClusterFile file, ResourceNames names, ClusterHome home, int machine, IEnumerable<string> more, params string[] command)
    {
        if (file.Cloud.IsSandbox)
        {
            throw new EbbException($"Cluster '{file.Name}' lives in the sandbox, where nobody logs in by SSH: 'endpoint: sandbox' in its file says so.");
        }

        if (machine < 0 || machine >= file.ControlPlane.Machines)
        {
            throw new EbbException($"There is no control-plane machine {machine}; there {(file.ControlPlane.Machines == 1 ? "is 0" : $"are 0 to {file.ControlPlane.Machines - 1}")}.");
        }

        return
        [
            "ssh",
            "-p", $"{ResourceNames.SshPort(file, machine)}",
            .. Key(file, home),
            // A machine made anew under the same name has another key: each cluster has a list of its own.
            "-o", $"UserKnownHostsFile={home.KnownHosts}",
            "-o", "StrictHostKeyChecking=accept-new",
            .. Patience,
            .. more,
            $"{file.Access.SshUser}@{names.PublicName}",
            .. command,
        ];
    }

    /// <summary>What a control plane offers, brought to this machine.</summary>
    public static IEnumerable<string> Forwards(ClusterFile file)
    {
        string[] places = [Api, .. file.AddOns.Ingress ? new[] { Http, Https } : [], .. file.AddOns.Registry ? new[] { Registry } : []];
        return places.SelectMany(place => new[] { "-L", place });
    }

    private static string[] Key(ClusterFile file, ClusterHome home)
    {
        var key = SshKeys.PrivateFile(file.Access.SshKeyFile, home);
        string[] previous = file.Access.SshKeyFile is null && SshKeys.Previous(home) is { } before ? ["-i", before] : [];

        // These alone: a server closes the door after a few keys, and an agent may offer more than that first.
        return key is null ? [] : ["-i", key, .. previous, "-o", "IdentitiesOnly=yes"];
    }
}
