using System.Collections.Immutable;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>Files for machines that reach nothing outside, by the names under which k3s' releases publish them.</summary>
internal static class AirGap
{
    public const string Installer = "/usr/local/lib/ebb/k3s-install.sh";

    /// <summary>Certificates that vouch for Azure's attested documents, for control planes that cannot fetch those between: PEM, of the operator's making.</summary>
    public const string AttestationRoots = "attestation-roots.pem";

    /// <summary>Where the join server looks for them.</summary>
    public const string AttestationRootsFile = "/etc/ebb/join/" + AttestationRoots;

    private const string Images = "/var/lib/rancher/k3s/agent/images/";

    /// <summary>Those for machines of one kind of processor; none where machines install from outside.</summary>
    /// <exception cref="EbbException">k3s cannot be installed with what there is.</exception>
    public static ImmutableArray<AirGapFile> For(ClusterFile cluster, RenderInputs inputs, string architecture)
    {
        if (!cluster.Options.AirGapped)
        {
            return [];
        }

        ImmutableArray<AirGapFile> files =
        [
            .. from file in inputs.AirGapHashes
               let place = Place(file.Key, architecture)
               where place is not null
               select new AirGapFile(file.Key, place.Value.To, place.Value.Mode, file.Value),
        ];
        if (cluster.Kubernetes.Distribution is Distribution.K3s)
        {
            var binary = architecture == "arm64" ? "k3s-arm64" : "k3s";
            string[] missing =
            [
                .. new[] { binary, "k3s-install.sh" }.Where(name => !inputs.AirGapHashes.ContainsKey(name)),
                .. files.Any(file => file.To.StartsWith(Images, StringComparison.Ordinal)) ? [] : new[] { $"k3s-airgap-images-{architecture}.tar.zst" },
            ];
            if (missing.Length > 0)
            {
                throw new EbbException(
                    $"'options.airGapped' is true, and what machines need is not among the files for them: {string.Join(", ", missing)}. "
                    + "Take them from k3s' release (the script from https://get.k3s.io) and give their directory.");
            }
        }

        return files;
    }

    private static (string To, string Mode)? Place(string name, string architecture)
    {
        var other = architecture == "arm64" ? "amd64" : "arm64";
        return name switch
        {
            "k3s-install.sh" => (Installer, MachineBasics.Program),
            "k3s" => architecture == "amd64" ? ("/usr/local/bin/k3s", MachineBasics.Program) : null,
            "k3s-arm64" => architecture == "arm64" ? ("/usr/local/bin/k3s", MachineBasics.Program) : null,
            _ when name.Contains(other, StringComparison.Ordinal) => null,
            _ when name.EndsWith(".deb", StringComparison.Ordinal) => ($"/var/lib/ebb/packages/{name}", "0644"),
            _ when name.Contains(".tar", StringComparison.Ordinal) => (Images + name, "0644"),
            _ => null,
        };
    }
}

/// <param name="Name">In the share, and in what the join server serves.</param>
internal sealed record AirGapFile(string Name, string To, string Mode, string Hash);
