using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Tests.Cli.Definition;

namespace Ebb.Tests.Cli.Clusters;

public class SshLineTests
{
    private static readonly ClusterHome Home = ClusterHome.Of("tide");

    [Fact]
    public void A_session_forwards_what_the_control_plane_offers()
    {
        var file = Sample.Read(Sample.With("access: {sshPort: 2222, sshUser: keeper}\nnetwork: {dnsLabel: tide-api}\naddOns: {registry: true}"));

        var line = string.Join(' ', Line(file, 0, SshLine.Forwards(file)));

        Assert.Equal(
            $"ssh -p 2222 -i {Home.Keys}/ssh -o IdentitiesOnly=yes -o UserKnownHostsFile={Home.Path}/known_hosts -o StrictHostKeyChecking=accept-new "
            + "-o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=4 -L 6443:127.0.0.1:6443 -L 8080:127.0.0.1:80 -L 8443:127.0.0.1:443 -L 5000:127.0.0.1:5000 keeper@tide-api.westeurope.cloudapp.azure.com",
            line);
    }

    [Fact]
    public void What_is_not_there_is_not_forwarded()
    {
        Assert.Equal(["-L", "6443:127.0.0.1:6443"], SshLine.Forwards(Sample.Read(Sample.With("addOns: {ingress: false}"))));
    }

    [Fact]
    public void Each_machine_behind_a_load_balancer_has_a_port_of_its_own()
    {
        var file = Sample.Read(Sample.With("controlPlane: {machines: 3}"));

        Assert.Contains("50002", Line(file, 2, []));
        Assert.Contains("there are 0 to 2", Assert.Throws<EbbException>(() => Line(file, 3, [])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_the_user_s_is_taken_where_its_private_half_lies_beside_it()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory.File("id.pub"), "ssh-ed25519 AAAA me");
        var file = Sample.Read(Sample.With($"access: {{sshKeyFile: {directory.File("id.pub")}}}"));

        var without = Line(file, 0, []);
        File.WriteAllText(directory.File("id"), "");
        var with = Line(file, 0, []);

        Assert.DoesNotContain("-i", without);
        Assert.Contains(directory.File("id"), with);
    }

    [Fact]
    public void Nobody_logs_in_to_the_sandbox()
    {
        var file = Sample.Read(Sample.Least.Replace("region: westeurope", "region: westeurope\n  endpoint: sandbox", StringComparison.Ordinal));

        Assert.Contains("lives in the sandbox", Assert.Throws<EbbException>(() => Line(file, 0, [])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Endpoints_are_told_with_who_may_reach_them()
    {
        var file = Sample.Read(Sample.With("access: {apiFrom: [own-address, 203.0.113.0/24], sshFrom: [], ingressFrom: cloudflare}\naddOns: {registry: true}"));
        var names = new ResourceNames(file, "s");

        var endpoints = ClusterEndpoints.Of(file, names, Home, "tide.example.org", "198.51.100.7").Select(e => $"{e.What} | {e.Where} | {e.From}");

        Assert.Equal(
            [
                "kubernetes | https://tide.example.org:6443 | own-address, 203.0.113.0/24",
                "address | 198.51.100.7 | ",
                $"ssh tide-control-plane-0 | {string.Join(' ', Line(file, 0, []))} | nobody",
                "http | http://tide.example.org | cloudflare",
                "https | https://tide.example.org | cloudflare",
                "registry | 10.1.0.10:5000 | the cluster's machines",
                "join server | https://10.1.0.10:1337 | the pools' machines",
            ],
            endpoints);
    }

    private static ImmutableArray<string> Line(ClusterFile file, int machine, IEnumerable<string> more) =>
        SshLine.Of(file, new ResourceNames(file, "s"), Home, machine, more);
}
