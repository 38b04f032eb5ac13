using Ebb.Cli.Commands;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Where a cluster of an <c>ebb.yaml</c> is reached.</summary>
internal static class ClusterEndpoints
{
    /// <param name="host">The name, or the address where names do not resolve.</param>
    public static IEnumerable<EndpointReport> Of(ClusterFile file, ResourceNames names, ClusterHome home, string host, string address)
    {
        var access = file.Access;
        yield return new("kubernetes", $"https://{host}:{ResourceNames.ApiPort}", Words(access.ApiFrom));
        yield return new("address", address, "");
        if (!file.Cloud.IsSandbox)
        {
            foreach (var index in names.ControlPlane)
            {
                yield return new($"ssh {names.ControlPlaneMachine(index)}", string.Join(' ', SshLine.Of(file, names, home, index, []).Select(Launcher.Quote)), Words(access.SshFrom));
            }
        }

        if (file.AddOns.Ingress)
        {
            yield return new("http", $"http://{host}", Words(access.IngressFrom));
            yield return new("https", $"https://{host}", Words(access.IngressFrom));
        }

        if (file.AddOns.Registry)
        {
            yield return new("registry", $"{names.ControlPlaneAddress(0)}:{ResourceNames.RegistryPort}", "the cluster's machines");
        }

        foreach (var server in names.JoinServers)
        {
            yield return new("join server", server, "the pools' machines");
        }
    }

    private static string Words(Sources sources) => sources.Words.IsEmpty ? "nobody" : string.Join(", ", sources.Words);
}
