using System.Text;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>How every machine of a cluster is set up, whatever it is for.</summary>
internal static class MachineBasics
{
    public const string Program = "0755";
    public const string Secret = "0600";
    public const string Scratch = "/mnt/scratch";

    /// <summary>Present where SSH has another port than 22.</summary>
    public const string SshSocket = "/etc/systemd/system/ssh.socket.d/10-ebb.conf";

    // Both names of the stage of cloud-init that formats a disk which comes empty again: releases differ.
    private const string ScratchOptions = "defaults,nofail,x-systemd.after=cloud-init.service,x-systemd.after=cloud-init-network.service,_netdev";

    /// <summary>What every machine is told first; what it is for comes behind.</summary>
    public static CloudConfig Begin(ClusterFile cluster, ResourceNames names, SizeTraits size)
    {
        var options = cluster.Options;
        var config = new CloudConfig { Timezone = options.TimeZone, SshPwauth = false, DisableRoot = true };
        if (options.SwapGiB > 0)
        {
            config.Swap = new() { ["filename"] = "/swap.img", ["size"] = $"{options.SwapGiB}G", ["maxsize"] = $"{options.SwapGiB}G" };
        }

        if (HasScratch(cluster, size))
        {
            ScratchDisk(config);
        }

        if (!options.AirGapped)
        {
            config.PackageUpdate = true;
            config.Packages.AddRange(["cifs-utils", "curl", "fail2ban", "iptables", "python3-systemd", "unattended-upgrades"]);
        }

        Ssh(config, cluster.Access.SshPort);
        Updates(config);
        Kernel(config);
        config.Write("/etc/systemd/system/ebb-metadata-guard.service", Texts.Read("ebb-metadata-guard.service"));
        if (cluster.Kubernetes.Distribution is Distribution.K3s)
        {
            config.Write("/etc/systemd/system/ebb-containers.service", Texts.Read("ebb-containers.service"));
            if (cluster.AddOns.Registry)
            {
                Registry.Announce(config, cluster, names);
            }

            ContainerRuntimes.Configure(config, cluster, names);
        }

        return config;
    }

    /// <summary>What runs containers here does not start before pods are kept from the metadata service.</summary>
    /// <param name="unit">As <c>k3s.service</c>.</param>
    public static void Guard(CloudConfig config, string unit) =>
        config.Write($"/etc/systemd/system/{unit}.d/10-ebb-metadata-guard.conf", Texts.Read("ebb-metadata-guard.conf"));

    /// <summary>What every machine does at its first boot before it does what it is for.</summary>
    public static void Prepare(CloudConfig config, ClusterFile cluster, SizeTraits size)
    {
        config.Run("systemctl", "daemon-reload");
        config.Shell("modprobe --all overlay br_netfilter || true");
        config.Run("sysctl", "--system");
        config.Shell("if systemctl is-enabled --quiet ssh.socket; then systemctl restart ssh.socket; else systemctl restart ssh; fi");
        config.Shell("if systemctl cat fail2ban > /dev/null 2>&1; then systemctl enable fail2ban && systemctl restart fail2ban; fi");
        config.Run("systemctl", "enable", "--now", "ebb-metadata-guard");
        if (HasScratch(cluster, size))
        {
            // Where the disk is missing after all, systemd waits for it for minutes, and the rest need not.
            config.Run("systemctl", "enable", "ebb-scratch");
            config.Run("systemctl", "start", "--no-block", "ebb-scratch");
        }

        if (cluster.Kubernetes.Distribution is Distribution.K3s)
        {
            config.Run("systemctl", "enable", "--now", "ebb-containers");
        }

        // Each by itself, and none with Ebb's own: of several that are asked for together, one that there is not keeps all others away.
        foreach (var package in cluster.Options.Packages.Except(config.Packages))
        {
            config.Shell($"DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install --yes {package} || echo 'ebb: package {package} could not be installed' >&2");
        }

        foreach (var command in cluster.Options.Commands)
        {
            config.Shell(command);
        }

        ContainerRuntimes.Install(config, cluster);
    }

    private static bool HasScratch(ClusterFile cluster, SizeTraits size) => cluster.Options.Scratch && size.OwnDisk;

    /// <summary>The machine's own disk comes empty, and is empty again after the cloud has moved the machine.</summary>
    private static void ScratchDisk(CloudConfig config)
    {
        config.DiskSetup = new()
        {
            ["ephemeral0"] = new Dictionary<string, object> { ["table_type"] = "gpt", ["layout"] = new[] { 100 }, ["overwrite"] = true },
        };
        config.FsSetup.Add(new() { ["filesystem"] = "ext4", ["device"] = "ephemeral0.1" });
        config.Mounts.Add(["ephemeral0", Scratch, "auto", ScratchOptions, "0", "2"]);
        config.Write("/etc/systemd/system/ebb-scratch.service", Texts.Read("ebb-scratch.service"));
    }

    private static void Ssh(CloudConfig config, int port)
    {
        config.Write(
            "/etc/ssh/sshd_config.d/10-ebb.conf",
            $"""
            Port {port}
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin no
            MaxAuthTries 4
            X11Forwarding no

            """);
        if (port != 22)
        {
            // Where systemd listens for sshd, sshd's own port does not count.
            config.Write(SshSocket, $"[Socket]\nListenStream=\nListenStream=0.0.0.0:{port}\nListenStream=[::]:{port}\n");
        }

        // There may be no log files, only the journal.
        config.Write(
            "/etc/fail2ban/jail.d/ebb.local",
            $"""
            [sshd]
            enabled = true
            port = {port}
            backend = systemd
            maxretry = 5
            findtime = 10m
            bantime = 1h

            """);
    }

    private static void Updates(CloudConfig config)
    {
        config.Write("/etc/apt/apt.conf.d/20auto-upgrades", "APT::Periodic::Update-Package-Lists \"1\";\nAPT::Periodic::Unattended-Upgrade \"1\";\n");

        // A machine at work does not boot because it is night. Pools renew their machines; the control plane is booted by a person.
        config.Write("/etc/apt/apt.conf.d/52ebb", "Unattended-Upgrade::Automatic-Reboot \"false\";\nDPkg::Lock::Timeout \"300\";\n");
    }

    private static void Kernel(CloudConfig config)
    {
        config.Write("/etc/modules-load.d/ebb.conf", "overlay\nbr_netfilter\n");
        var settings = new StringBuilder("net.bridge.bridge-nf-call-iptables = 1\nnet.bridge.bridge-nf-call-ip6tables = 1\nnet.ipv4.ip_forward = 1\n");

        // The defaults are for one person's machine: a hundred pods that watch files use them up.
        settings.Append("fs.inotify.max_user_instances = 8192\nfs.inotify.max_user_watches = 524288\n");
        config.Write("/etc/sysctl.d/90-ebb.conf", settings.ToString());
    }
}
