using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>How k3s' servers run: what all of them must have in common. What is one's own, each writes beside it.</summary>
internal static class K3sServer
{
    /// <summary>k3s' <c>config.yaml</c>.</summary>
    public static string Config(ClusterFile cluster, ResourceNames names)
    {
        var text = new StringBuilder();
        Line("token-file", "/etc/ebb/k3s/token");
        Line("agent-token-file", "/etc/ebb/k3s/agent-token");
        List("tls-san", [names.PublicName, .. names.ControlPlane.Select(index => $"{names.ControlPlaneAddress(index)}")]);
        Line("cluster-cidr", $"{cluster.Network.PodRange}");
        Line("service-cidr", $"{cluster.Network.ServiceRange}");
        Line("cluster-dns", $"{Tenth(cluster.Network.ServiceRange)}");
        Line("flannel-backend", "vxlan");
        Line("secrets-encryption", "true");
        Line("write-kubeconfig-mode", "\"0600\"");

        // Nodes say themselves which machine they are; k3s' own way of naming them would hide it from Ebb.
        Line("disable-cloud-controller", "true");
        List("disable", Without(cluster.AddOns));

        // What comes from outside is taken in here, and nowhere else.
        List("node-label", cluster.AddOns.Ingress ? ["svccontroller.k3s.cattle.io/enablelb=true"] : []);
        // Where there are several, they are for the store alone; a cluster of one machine has no other at first.
        if (cluster.ControlPlane.Machines > 1)
        {
            List("node-taint", ["node-role.kubernetes.io/control-plane=true:NoSchedule"]);
        }

        return text.ToString();

        void Line(string key, string value) => text.Append(key).Append(": ").Append(value).Append('\n');

        void List(string key, IReadOnlyCollection<string> values)
        {
            if (values.Count > 0)
            {
                text.Append(key).Append(":\n").AppendJoin("", values.Select(value => $"- {value}\n"));
            }
        }
    }

    /// <summary>How the installer is called: where it comes from, what it is told, and which release is to run where that is known.</summary>
    /// <param name="release">Null for what the cluster's file says.</param>
    public static JsonObject Installation(ClusterFile cluster, string? release)
    {
        release ??= cluster.Kubernetes.Version;
        var environment = new JsonObject
        {
            // Enabled and started by whoever runs it, once everything is in its place.
            ["INSTALL_K3S_SKIP_ENABLE"] = "true",
        };
        if (cluster.Options.AirGapped)
        {
            environment["INSTALL_K3S_SKIP_DOWNLOAD"] = "true";
        }
        else if (release is { } version)
        {
            environment["INSTALL_K3S_VERSION"] = version;
        }
        else
        {
            environment["INSTALL_K3S_CHANNEL"] = cluster.Kubernetes.Channel;
        }

        var installation = new JsonObject { ["environment"] = environment };
        if (!cluster.Options.AirGapped)
        {
            installation["installer"] = "https://get.k3s.io";
        }

        if (release is not null)
        {
            installation["release"] = release;
        }

        return installation;
    }

    private static ImmutableArray<string> Without(AddOnsDefinition addOns) =>
    [
        .. addOns.MetricsServer ? [] : new[] { "metrics-server" },
        .. addOns.Ingress ? [] : new[] { "servicelb", "traefik" },
    ];

    private static IPAddress Tenth(IPNetwork range)
    {
        var bytes = range.BaseAddress.GetAddressBytes();
        bytes[^1] += 10;
        return new IPAddress(bytes);
    }
}
