using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Provisioning.Templates;

/// <summary>Who may reach what: everything that is not said here is refused.</summary>
internal static class SecurityRules
{
    private const int Last = 4096;

    /// <summary>What may be reached from outside, as the file says; a rule holds addresses of one family only.</summary>
    public static ImmutableArray<OutsideRule> Outside(ClusterFile cluster, RenderInputs inputs)
    {
        var access = cluster.Access;
        var rules = ImmutableArray.CreateBuilder<OutsideRule>();
        Add("ssh", "SSH on the control plane", [access.SshPort], access.SshFrom, "access.sshFrom", 100);
        Add("api", "the Kubernetes API", [ResourceNames.ApiPort], access.ApiFrom, "access.apiFrom", 110);
        if (cluster.AddOns.Ingress)
        {
            Add("ingress", "HTTP and HTTPS", [80, 443], access.IngressFrom, "access.ingressFrom", 120);
        }

        return rules.ToImmutable();

        void Add(string name, string what, ImmutableArray<int> ports, Sources from, string key, int priority)
        {
            var ranges = Ranges(from, inputs, key);
            foreach (var (family, suffix, offset) in new[] { (AddressFamily.InterNetwork, "", 0), (AddressFamily.InterNetworkV6, "Ipv6", 5) })
            {
                ImmutableArray<string> of = [.. ranges.Where(range => range.BaseAddress.AddressFamily == family).Select(range => range.ToString()).Distinct()];
                if (!of.IsEmpty)
                {
                    rules.Add(new OutsideRule($"{name}{suffix}", $"{name}From{suffix}", what, ports, priority + offset, of));
                }
            }
        }
    }

    public static JsonArray ControlPlane(ClusterFile cluster, RenderInputs inputs)
    {
        var network = cluster.Network;
        string own = network.ControlPlaneSubnet.ToString(), pools = network.PoolSubnet.ToString();
        List<JsonObject> rules = [.. Outside(cluster, inputs).Select(rule => rule.ToJson())];
        rules.Add(Rule("control-plane", 200, "*", [own], ["*"], "Allow", "Control-plane machines among themselves: the store, pods."));
        rules.Add(Rule(
            "pools", 210, "Tcp", [pools], PoolPorts(cluster), "Allow",
            "Machines of pools: API, join server, kubelet's port for metrics, and what add-ons serve."));
        rules.Add(Rule("pods", 220, "Udp", [pools], ["8472"], "Allow", "Traffic between pods of different machines (VXLAN)."));
        if (cluster.ControlPlane.Machines > 1)
        {
            rules.Add(Rule("probes", 230, "Tcp", ["AzureLoadBalancer"], ["*"], "Allow", "The load balancer asks which machines are well."));
        }

        rules.Add(Deny());

        // As the network provider gives them back: what compares lists by position, as Azure does, then finds no difference where there is none.
        return Arm.Objects(rules.OrderBy(rule => (string?)rule["name"], StringComparer.Ordinal));
    }

    public static JsonArray Pools(ClusterFile cluster) => Arm.Objects(
    [
        Rule(
            "cluster", 200, "*", [cluster.Network.ControlPlaneSubnet.ToString(), cluster.Network.PoolSubnet.ToString()], ["*"], "Allow",
            "Machines of the cluster; people log in by way of the control plane."),
        Deny(),
    ]);

    private static ImmutableArray<string> PoolPorts(ClusterFile cluster) =>
    [
        .. new int?[]
        {
            cluster.AddOns.Ingress ? 80 : null,
            cluster.AddOns.Ingress ? 443 : null,
            ResourceNames.JoinPort,
            cluster.AddOns.Registry ? ResourceNames.RegistryPort : null,
            ResourceNames.ApiPort,
            10250,
        }.OfType<int>().Select(port => $"{port}"),
    ];

    private static ImmutableArray<IPNetwork> Ranges(Sources from, RenderInputs inputs, string key)
    {
        if (from.Anyone)
        {
            return [IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::/0")];
        }

        if (from.OwnAddress && inputs.OwnAddresses.IsEmpty)
        {
            throw new EbbException($"'{key}' says own-address, and your public address is not known. Set EBB_OWN_ADDRESS to it, or write it there as a range, for example 203.0.113.7/32.");
        }

        return
        [
            .. from.Ranges,
            .. from.OwnAddress ? inputs.OwnAddresses : [],
            .. from.Cloudflare ? CloudflareRanges.All : [],
        ];
    }

    private static JsonObject Deny() =>
        Rule("nothing-else", Last, "*", ["*"], ["*"], "Deny", "Also from this network, which Azure's own rules would let in.");

    private static JsonObject Rule(
        string name, int priority, string protocol, ImmutableArray<string> from, ImmutableArray<string> ports, string access, string why)
    {
        var properties = new JsonObject
        {
            ["description"] = why,
            ["priority"] = priority,
            ["direction"] = "Inbound",
            ["access"] = access,
            ["protocol"] = protocol,
            ["sourcePortRange"] = "*",
            ["destinationAddressPrefix"] = "*",
        };
        Put(properties, "sourceAddressPrefix", from);
        Put(properties, "destinationPortRange", ports);
        return new JsonObject { ["name"] = name, ["properties"] = properties };
    }

    // One is written differently from several, and only one may be a star or a tag.
    private static void Put(JsonObject properties, string name, ImmutableArray<string> values)
    {
        if (values.Length == 1)
        {
            properties[name] = values[0];
        }
        else
        {
            properties[name + (name.EndsWith('x') ? "es" : "s")] = Arm.Strings(values);
        }
    }

    /// <param name="Parameter">The template's parameter that holds the ranges.</param>
    internal sealed record OutsideRule(string Name, string Parameter, string What, ImmutableArray<int> Ports, int Priority, ImmutableArray<string> From)
    {
        public JsonObject ToJson()
        {
            var rule = Rule(Name, Priority, "Tcp", ["*"], [.. Ports.Select(port => $"{port}")], "Allow", $"To {What}.");
            var properties = rule["properties"]!.AsObject();
            properties.Remove("sourceAddressPrefix");
            properties["sourceAddressPrefixes"] = $"[parameters('{Parameter}')]";
            return rule;
        }
    }
}
