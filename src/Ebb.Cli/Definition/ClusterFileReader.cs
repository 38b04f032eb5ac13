using System.Net;
using Ebb.Cli.Definition.Shapes;
using Ebb.Cli.Definition.Source;

namespace Ebb.Cli.Definition;

/// <summary>Reads an ebb.yaml, and finds all that is wrong with it at once.</summary>
internal static class ClusterFileReader
{
    /// <param name="environment">Gives a variable's value, null when it is not set; asked for secrets only.</param>
    /// <exception cref="EbbException">Names every problem by line, column, key and remedy.</exception>
    public static ClusterFile Read(string path, Func<string, string?> environment) =>
        Parse(SourceText.Load(path), path, environment);

    /// <param name="path">For messages, and for finding files that are named relative to it.</param>
    public static ClusterFile Parse(string text, string path, Func<string, string?> environment)
    {
        var reading = new Reading(path, environment);
        var root = new SourceReader(text, (place, what) => reading.Problem("", place, what)).Read();
        if (root is not null && Keys.Cluster.TryRead(root, "", reading, out var file))
        {
            file = Complete(file, reading);
            ClusterRules.Check(file, reading);
            file = file with { Access = SshKey.Locate(file.Access, path, environment, reading) };
            reading.ThrowIfAny();
            return file;
        }

        reading.ThrowIfAny();
        throw new InvalidOperationException("Nothing was read, and nobody was told why.");
    }

    /// <summary>Fills in what depends on other keys.</summary>
    private static ClusterFile Complete(ClusterFile file, Reading reading)
    {
        var (cloud, network) = (file.Cloud, file.Network);
        return file with
        {
            Cloud = cloud with
            {
                ComputeGroup = reading.IsGiven("cloud.computeGroup") ? cloud.ComputeGroup : $"{file.Name}-compute",
                StorageGroup = reading.IsGiven("cloud.storageGroup") ? cloud.StorageGroup : $"{file.Name}-storage",
            },
            Network = network with
            {
                ControlPlaneSubnet = reading.IsGiven("network.controlPlaneSubnet") ? network.ControlPlaneSubnet : FirstOf(network.Range),
                PoolSubnet = reading.IsGiven("network.poolSubnet") ? network.PoolSubnet : UpperHalfOf(network.Range),
            },
        };
    }

    private static IPNetwork FirstOf(IPNetwork range) =>
        Addresses.Network(Addresses.Number(range.BaseAddress), Math.Min(32, Math.Max(24, range.PrefixLength + 2)));

    private static IPNetwork UpperHalfOf(IPNetwork range) => range.PrefixLength == 32
        ? range
        : Addresses.Network(Addresses.Number(range.BaseAddress) | (1u << (31 - range.PrefixLength)), range.PrefixLength + 1);
}
