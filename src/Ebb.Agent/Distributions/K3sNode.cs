using System.Net;
using System.Text;
using Ebb.Joining;

namespace Ebb.Agent.Distributions;

/// <summary>
/// A node of k3s: its configuration, its own installer, its unit. k3s brings the container runtime and the pods' network. Nothing
/// starts it at boot but the agent, so that shares are there and a machine whose node is gone joins anew.
/// </summary>
internal sealed class K3sNode(Machine machine, Func<CancellationToken, Task<IPAddress>> address) : IDistribution
{
    public const string Configuration = "/etc/rancher/k3s/config.yaml";

    /// <summary>Where k3s' installer is on machines that reach nothing outside, with the binary and images in their places.</summary>
    public const string Installer = "/usr/local/lib/ebb/k3s-install.sh";

    private const string Download = "https://get.k3s.io";
    private const string Downloaded = "/var/lib/ebb/k3s-install.sh";
    private const string Binary = "/usr/local/bin/k3s";
    private const string Unit = "k3s-agent.service";
    private const string UnitFile = "/etc/systemd/system/" + Unit;
    private const string Certificate = "/var/lib/rancher/k3s/agent/client-kubelet.crt";

    // A release has some 70 MB, and the machine may be far from it.
    private static readonly TimeSpan InstallWithin = TimeSpan.FromMinutes(10);

    public bool WasNode => machine.Has(Certificate);

    public async Task StartAsync(JoinAnswer granted, CancellationToken ct)
    {
        Granted.Check(granted);
        var changed = machine.Write(Configuration, Compose(granted, await address(ct)), Machine.Secret);
        changed |= await InstallAsync(granted.Version, ct);
        await BeginAsync(changed, ct);
    }

    public Task ResumeAsync(CancellationToken ct) => BeginAsync(changed: false, ct);

    private async Task BeginAsync(bool changed, CancellationToken ct)
    {
        await machine.RunAsync("systemctl", ct, "daemon-reload");
        await machine.RunAsync("systemctl", ct, changed ? "restart" : "start", "--no-block", Unit);
    }

    private static string Compose(JoinAnswer granted, IPAddress own)
    {
        var text = new StringBuilder();
        One("server", granted.Servers[0]);
        One("token", granted.Token);
        One("node-name", granted.Node);
        One("node-ip", $"{own}");
        Many("node-label", granted.Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));
        Many("node-taint", granted.Taints);
        Many("kubelet-arg", [$"provider-id={granted.ProviderId}"]);
        return text.ToString();

        void One(string key, string value) => text.Append($"{key}: {Text.Quoted(value)}\n");

        void Many(string key, IEnumerable<string> values)
        {
            var lines = string.Concat(values.Select(value => $"  - {Text.Quoted(value)}\n"));
            if (lines.Length > 0)
            {
                text.Append($"{key}:\n{lines}");
            }
        }
    }

    /// <returns>Whether anything was installed.</returns>
    private async Task<bool> InstallAsync(string? version, CancellationToken ct)
    {
        var brought = machine.Has(Installer);
        if (machine.Has(UnitFile) && (brought || await HasAsync(version, ct)))
        {
            return false;
        }

        var installer = Installer;
        if (!brought)
        {
            installer = Downloaded;
            machine.CreateDirectory(Path.GetDirectoryName(installer)!);
            await machine.RunAsync("curl", ct, "-fsSL", "--proto", "=https", "--retry", "5", "-o", machine.PathOf(installer), Download);
        }

        // The agent starts what it has configured: the installer is to lay out files alone.
        var environment = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["INSTALL_K3S_SKIP_ENABLE"] = "true" };
        if (brought)
        {
            environment["INSTALL_K3S_SKIP_DOWNLOAD"] = "true";
        }
        else if (version is not null)
        {
            environment["INSTALL_K3S_VERSION"] = version;
        }

        await machine.RunAsync(
            new Command("sh", [machine.PathOf(installer), "agent"]) { Environment = environment, Within = InstallWithin }, ct);
        return true;
    }

    private async Task<bool> HasAsync(string? version, CancellationToken ct)
    {
        if (!machine.Has(Binary) || version is null)
        {
            return machine.Has(Binary);
        }

        var told = await machine.TryAsync(new Command(machine.PathOf(Binary), ["--version"]), ct);
        return told.ExitCode == 0 && told.Output.Split([' ', '\n']).Contains(version);
    }
}
