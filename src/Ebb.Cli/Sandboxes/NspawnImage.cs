using Ebb.Agent.Distributions;
using Ebb.Cli.ControlPlane;
using Ebb.Sandbox.Machines.Nspawn;

namespace Ebb.Cli.Sandboxes;

/// <summary>What nspawn machines of a sandbox find on them, as others do in the image that the cloud makes them from: a kubelet, container images.</summary>
internal static class NspawnImage
{
    private const string Images = "/usr/lib/ebb/images";
    private const string Kubelet = "kubelet";

    /// <exception cref="EbbException">Kubernetes' programs are not here.</exception>
    public static async Task<NspawnOptions> OptionsAsync(SandboxHome home, MachineParts parts, CancellationToken ct)
    {
        var binaries = Binaries.Locate() ?? throw BinariesBuild.Missing();
        return new NspawnOptions
        {
            Name = NspawnSandboxMachines.HostName(home.Name, home.Path),
            Directory = home.Machines,
            BaseRoot = parts.Root,
            Shared =
            [
                new SharedPath(binaries.Of(Kubelet), "/usr/local/bin/kubelet"),
                new SharedPath(parts.Images, Images),
                new SharedPath(await WriteFactsAsync(home, ct), ImageFacts.Path),
            ],
        };
    }

    /// <summary>What such machines differ in from those that a cloud makes.</summary>
    private static async Task<string> WriteFactsAsync(SandboxHome home, CancellationToken ct)
    {
        var facts = new ImageFacts
        {
            // systemd on such a machine does not own the control groups that it sees.
            CgroupDriver = "cgroupfs",
            PauseImage = "ebb.local/pause:1",
            Images = Images,
            RestrictOomScore = !NspawnSupport.MayRaisePriority(),
        };
        var file = Path.Combine(home.Path, "image.json");
        await File.WriteAllTextAsync(file, facts.Write(), ct);
        return file;
    }
}
