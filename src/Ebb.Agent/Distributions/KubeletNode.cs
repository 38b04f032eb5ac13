using System.Net;
using System.Text.RegularExpressions;
using Ebb.Joining;

namespace Ebb.Agent.Distributions;

/// <summary>
/// A node of Kubernetes' own kubelet, with containerd: both are on the machine's image. Nothing starts the kubelet at boot but the
/// agent, so that shares are there and a machine whose node is gone joins anew.
/// </summary>
internal sealed partial class KubeletNode(
    Machine machine, ImageFacts image, Func<CancellationToken, Task<IPAddress>> address) : IDistribution
{
    public const string Authority = "/etc/kubernetes/pki/ca.crt";
    public const string Bootstrap = "/etc/kubernetes/bootstrap-kubelet.conf";

    private const string Binary = "/usr/local/bin/kubelet";
    private const string Configuration = "/var/lib/kubelet/config.yaml";
    private const string Certificate = "/var/lib/kubelet/pki/kubelet-client-current.pem";
    private const string Arguments = "/etc/default/kubelet";
    private const string UnitFile = "/etc/systemd/system/kubelet.service";
    private const string Network = "/etc/cni/net.d";
    private const string ContainerdFile = "/etc/containerd/config.toml";

    // Unpacking images is the slowest thing that a machine does before it is a node.
    private static readonly TimeSpan ImportWithin = TimeSpan.FromMinutes(5);

    public bool WasNode => machine.Has(Certificate);

    public async Task StartAsync(JoinAnswer granted, CancellationToken ct)
    {
        Granted.Check(granted);
        var release = await ReleaseAsync(ct);
        var own = await address(ct);
        var changed = machine.Write(Authority, granted.Authority, Machine.Readable);

        // A kubelet without a certificate goes on asking for one with the token that it was started with.
        changed |= machine.Write(Bootstrap, KubeletFiles.Kubeconfig(granted.Servers[0], Authority, granted.Token), Machine.Secret) && !WasNode;
        changed |= machine.Write(Configuration, KubeletFiles.Configuration(Authority, image, release), Machine.Readable);
        changed |= machine.Write(Arguments, $"EBB_NODE={string.Join(' ', NodeArguments(granted, own))}\n", Machine.Readable);
        changed |= machine.Write(UnitFile, KubeletFiles.Unit(release), Machine.Readable);
        if (!machine.List(Network).Any())
        {
            machine.Write($"{Network}/10-ebb.conflist", KubeletFiles.PodNetwork(own), Machine.Readable);
        }

        var runtime = machine.Write(ContainerdFile, KubeletFiles.Containerd(image), Machine.Readable);
        await BeginAsync(runtime, changed, ct);
    }

    public Task ResumeAsync(CancellationToken ct) => BeginAsync(runtimeChanged: false, changed: false, ct);

    private static IEnumerable<string> NodeArguments(JoinAnswer granted, IPAddress own)
    {
        yield return $"--hostname-override={granted.Node}";
        yield return $"--provider-id={granted.ProviderId}";
        yield return $"--node-ip={own}";
        if (granted.Labels.Count > 0)
        {
            var labels = granted.Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}");
            yield return $"--node-labels={string.Join(',', labels)}";
        }

        if (granted.Taints.Count > 0)
        {
            yield return $"--register-with-taints={string.Join(',', granted.Taints)}";
        }
    }

    private async Task BeginAsync(bool runtimeChanged, bool changed, CancellationToken ct)
    {
        await machine.RunAsync("systemctl", ct, "daemon-reload");
        await machine.RunAsync("systemctl", ct, runtimeChanged ? "restart" : "start", "containerd.service");
        foreach (var archive in machine.List(image.Images).Where(file => file.EndsWith(".tar", StringComparison.Ordinal)))
        {
            await machine.RunAsync(
                new Command("ctr", ["--namespace", "k8s.io", "images", "import", machine.PathOf(archive)]) { Within = ImportWithin }, ct);
        }

        await machine.RunAsync("systemctl", ct, changed ? "restart" : "start", "--no-block", "kubelet.service");
    }

    private async Task<Version> ReleaseAsync(CancellationToken ct)
    {
        var told = await machine.RunAsync(Binary, ct, "--version");
        return VersionText().Match(told) is { Success: true } found
            ? new Version(int.Parse(found.Groups[1].ValueSpan), int.Parse(found.Groups[2].ValueSpan))
            : throw new EbbException($"{Binary} does not say which release it is: '{told.Trim()}'.");
    }

    [GeneratedRegex(@"v(\d+)\.(\d+)")]
    private static partial Regex VersionText();
}
