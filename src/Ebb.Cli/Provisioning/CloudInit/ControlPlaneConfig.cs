using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning.Templates;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>What a control-plane machine is told, at its birth and later. The same for all of them: which one it is it asks the cloud. No secret.</summary>
internal static class ControlPlaneConfig
{
    private const string Tls = "/var/lib/rancher/k3s/server/tls/";
    private const string KubernetesTls = "/etc/kubernetes/pki/";
    private const string Library = "/usr/local/lib/ebb/";

    /// <summary>What <c>control-plane.py</c> does its work by. The only file that orders do not carry as a text: they have it as their configuration.</summary>
    public const string Path = "/etc/ebb/control-plane.json";

    /// <summary>Files that only some clusters' machines have, and that would do something where they are left behind.</summary>
    public static ImmutableArray<string> Optional { get; } = [Registry.K3sFile, Registry.DockerUnit, MachineBasics.SshSocket];

    public static string Compose(ClusterFile cluster, ResourceNames names, RenderInputs inputs) => Build(cluster, names, inputs).ToText();

    /// <summary>What first boot does; its files are also what <see cref="Orders.ControlPlaneOrders"/> tell machines that run.</summary>
    public static CloudConfig Build(ClusterFile cluster, ResourceNames names, RenderInputs inputs)
    {
        var size = inputs.TraitsOf(cluster.ControlPlane.Size);
        var config = MachineBasics.Begin(cluster, names, size);
        if (config.PackageUpdate is true)
        {
            // Once, before there is a cluster to disturb: all updates, and the boot that some of them need.
            config.PackageUpgrade = true;
            config.PackageRebootIfRequired = true;
            config.Packages.Add("bash-completion");
        }

        var k3s = cluster.Kubernetes.Distribution is Distribution.K3s;
        if (k3s)
        {
            MachineBasics.Guard(config, "k3s.service");
            config.Write("/etc/rancher/k3s/config.yaml", K3sServer.Config(cluster, names), MachineBasics.Secret);
            foreach (var (name, manifest) in AddOnManifests.Of(cluster, names))
            {
                config.Write($"/var/lib/rancher/k3s/server/manifests/ebb-{name}.yaml", manifest, MachineBasics.Secret);
            }

            config.Write("/etc/profile.d/ebb.sh", "# Only root may read it.\nexport KUBECONFIG=/etc/rancher/k3s/k3s.yaml\n");
        }

        config.Write(Path, Configuration(cluster, names, inputs, release: null).ToJsonString(Written) + "\n");
        config.Write(Library + "control-plane", Program(), MachineBasics.Program);
        config.Write("/etc/systemd/system/ebb-control-plane.service", Texts.Read("ebb-control-plane.service"));
        config.Write("/etc/systemd/system/ebb-control-plane-follow.service", Texts.Read("ebb-control-plane-follow.service"));
        config.Write(Library + "run", EbbService.Script(cluster, names), MachineBasics.Program);
        config.Write("/etc/systemd/system/ebb.service", Texts.Read("ebb.service"));
        if (cluster.Options.Tailscale is not null)
        {
            config.Write(Library + "tailscale-install.sh", Texts.Read("tailscale-install.sh"), MachineBasics.Program);
        }

        MachineBasics.Prepare(config, cluster, size);
        config.Run("systemctl", "enable", "ebb-control-plane");

        // It waits for others, and cloud-init need not wait for it.
        config.Run("systemctl", "start", "--no-block", "ebb-control-plane");
        return config;
    }

    /// <summary>One file, so that a machine that runs replaces it in one stroke; read by subject.</summary>
    private static string Program() =>
        string.Concat(((string[])["control-plane.py", "control-plane-orders.py", "control-plane-record.py", "control-plane-k3s.py", "control-plane-exchange.py", "control-plane-cloud.py"]).Select(Texts.Read)) + "\n\nmain()\n";

    /// <param name="release">Of k3s; null for what the cluster's file says.</param>
    public static JsonObject Configuration(ClusterFile cluster, ResourceNames names, RenderInputs inputs, string? release)
    {
        var storage = names.StorageDomain;
        var configuration = new JsonObject
        {
            ["subscription"] = inputs.SubscriptionId,
            ["storageGroup"] = cluster.Cloud.StorageGroup,
            ["systemAccount"] = names.SystemAccount,
            ["share"] = SystemShare.Name,
            ["fileShares"] = $"https://{names.SystemAccount}.file.{storage}",
            ["storageAccount"] = names.StorageAccount,
            ["shareHost"] = $"{names.StorageAccount}.file.{storage}",
            ["mounts"] = Arm.Objects(cluster.Storage.Shares.Select(share => new JsonObject { ["share"] = share.Name, ["at"] = share.MountAt })),
            ["metadata"] = "http://169.254.169.254",
            ["manager"] = names.ResourceManager,
            ["machines"] = Arm.Strings(names.ControlPlane.Select(names.ControlPlaneMachine)),
            ["addresses"] = Arm.Strings(names.ControlPlane.Select(index => $"{names.ControlPlaneAddress(index)}")),
            ["tailscale"] = cluster.Options.Tailscale is not null,
            ["files"] = Arm.Objects(Taken(cluster, inputs)),
        };
        if (inputs.SharesKey != RenderInputs.FirstKey)
        {
            configuration["sharesKey"] = inputs.SharesKey;
        }

        if (cluster.Kubernetes.Distribution is Distribution.K3s)
        {
            configuration["k3s"] = K3sServer.Installation(cluster, release);
        }
        else
        {
            // k3s finds them in its own configuration.
            configuration["kubernetes"] = new JsonObject { ["podRange"] = $"{cluster.Network.PodRange}", ["serviceRange"] = $"{cluster.Network.ServiceRange}" };
        }

        return configuration;
    }

    /// <summary>What it takes from the private share, and where to.</summary>
    public static IEnumerable<JsonObject> Taken(ClusterFile cluster, RenderInputs inputs)
    {
        yield return File(SystemShare.Ebb, "/usr/local/bin/ebb", MachineBasics.Program, inputs.EbbHash);
        foreach (var (architecture, hash) in inputs.AgentHashes)
        {
            yield return File(SystemShare.Agent(architecture), $"/var/lib/ebb/agents/{architecture}", MachineBasics.Program, hash);
        }

        yield return File(SystemShare.JoinAuthority, "/etc/ebb/join/ca.crt", MachineBasics.Secret);
        yield return File(SystemShare.JoinCertificate, "/etc/ebb/join/server.crt", MachineBasics.Secret);
        yield return File(SystemShare.JoinKey, "/etc/ebb/join/server.key", MachineBasics.Secret);
        yield return File(SystemShare.ControllerKubeconfig, "/etc/ebb/kubeconfig", MachineBasics.Secret);
        var k3s = cluster.Kubernetes.Distribution is Distribution.K3s;
        foreach (var name in SystemShare.Authorities)
        {
            yield return File(SystemShare.Pki + name, (k3s ? Tls : KubernetesTls) + name, MachineBasics.Secret, once: true);
        }

        if (k3s)
        {
            foreach (var name in inputs.StagesAuthorities ? SystemShare.Authorities : [])
            {
                yield return File(SystemShare.Pki + name, $"{SystemShare.Staged}/tls/{name}", MachineBasics.Secret);
            }

            yield return File(SystemShare.ServerToken, "/etc/ebb/k3s/token", MachineBasics.Secret);
            yield return File(SystemShare.AgentToken, "/etc/ebb/k3s/agent-token", MachineBasics.Secret);
        }

        if (cluster.Options.Tailscale is not null)
        {
            yield return File(SystemShare.TailscaleKey, "/etc/ebb/tailscale.key", MachineBasics.Secret);
        }

        foreach (var file in AirGap.For(cluster, inputs, inputs.TraitsOf(cluster.ControlPlane.Size).Architecture))
        {
            yield return File(SystemShare.AirGap + file.Name, file.To, file.Mode, file.Hash);
        }

        if (cluster.Options.AirGapped && inputs.AirGapHashes.TryGetValue(AirGap.AttestationRoots, out var roots))
        {
            yield return File(SystemShare.AirGap + AirGap.AttestationRoots, AirGap.AttestationRootsFile, "0644", roots);
        }

        // What machines of pools are given by the join server.
        foreach (var (name, hash) in inputs.AirGapHashes.Where(file => file.Key != AirGap.AttestationRoots))
        {
            yield return File(SystemShare.AirGap + name, $"/var/lib/ebb/files/{name}", "0644", hash);
        }
    }

    private static JsonObject File(string from, string to, string mode, string? hash = null, bool once = false)
    {
        var file = new JsonObject { ["from"] = from, ["to"] = to, ["mode"] = mode };
        if (hash is not null)
        {
            file["sha256"] = hash;
        }

        if (once)
        {
            file["once"] = true;
        }

        return file;
    }

    public static JsonSerializerOptions Written { get; } = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
