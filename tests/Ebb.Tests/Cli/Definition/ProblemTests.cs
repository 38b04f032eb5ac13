namespace Ebb.Tests.Cli.Definition;

/// <summary>What is wrong with a file, where, and what to write instead.</summary>
public class ProblemTests
{
    [Theory]
    [InlineData("min: \"3\"", "pools[0].min: '3' in quotes is text; write a whole number from 0 to 1000, without quotes.")]
    [InlineData("min: 3.0", "pools[0].min: 3.0 is not read alike everywhere; write a whole number from 0 to 1000, digits only.")]
    [InlineData("min: 1e1", "pools[0].min: 1e1 is not read alike everywhere; write a whole number from 0 to 1000, digits only.")]
    [InlineData("min: 010", "pools[0].min: 010 is not read alike everywhere; write a whole number from 0 to 1000, digits only.")]
    [InlineData("min: 0x10", "pools[0].min: 0x10 is not read alike everywhere; write a whole number from 0 to 1000, digits only.")]
    [InlineData("min: 1_0", "pools[0].min: 1_0 is not read alike everywhere; write a whole number from 0 to 1000, digits only.")]
    [InlineData("min: -1", "pools[0].min: -1 is out of bounds; write a whole number from 0 to 1000.")]
    [InlineData("min: 99999999999999999999", "pools[0].min: 99999999999999999999 is out of bounds; write a whole number from 0 to 1000.")]
    [InlineData("min: few", "pools[0].min: 'few' is no number; write a whole number from 0 to 1000.")]
    [InlineData("min:", "pools[0].min: it has no value; write a whole number from 0 to 1000, or remove the key.")]
    [InlineData("min: ~", "pools[0].min: it has no value; write a whole number from 0 to 1000, or remove the key.")]
    [InlineData("min: [1]", "pools[0].min: here is a list; write a whole number from 0 to 1000.")]
    [InlineData("min: {a: 1}", "pools[0].min: here is a mapping of keys; write a whole number from 0 to 1000.")]
    [InlineData("zones: 1", "pools[0].zones: here is a single value; write a list of zones such as [1, 2, 3].")]
    [InlineData("zones: [4]", "pools[0].zones[0]: 4 is out of bounds; write a whole number from 1 to 3.")]
    [InlineData("zones: [1, \"2\"]", "pools[0].zones[1]: '2' in quotes is text; write a whole number from 1 to 3, without quotes.")]
    [InlineData("priority: sport", "pools[0].priority: 'sport' cannot be; write regular, spot or spot-then-regular. Did you mean 'spot'?")]
    [InlineData("idleAfter: 300", "pools[0].idleAfter: 300 without quotes is a number to YAML; write a time of at most 30 days such as 90s, 10m, 2h or 1h30m.")]
    [InlineData("idleAfter: 5 minutes", "pools[0].idleAfter: '5 minutes' cannot be; write a time of at most 30 days such as 90s, 10m, 2h or 1h30m.")]
    [InlineData("joinWithin: 59s", "pools[0].joinWithin: no machine becomes a node in less than a minute: each would be given up, and another bought. Write 1m or more.")]
    [InlineData("idleAfter: 721h", "pools[0].idleAfter: '721h' is longer than 30 days; write at most 720h.")]
    [InlineData("idleAfter: 1:30", "pools[0].idleAfter: 1:30 without quotes is a number to YAML; write a time of at most 30 days such as 90s, 10m, 2h or 1h30m.")]
    [InlineData("labels: {country: no}", "pools[0].labels['country']: no without quotes is true or false to YAML; write \"no\".")]
    [InlineData("labels: {since: 2024-01-31}", "pools[0].labels['since']: 2024-01-31 without quotes is a date to YAML; write \"2024-01-31\".")]
    [InlineData("labels: {release: 1.20}", "pools[0].labels['release']: 1.20 without quotes is a number to YAML; write \"1.20\".")]
    [InlineData("labels: {-a: b}", "pools[0].labels['-a']: '-a' cannot be; write a label's name: at most 63 letters, digits and any of . _ -, with or without a domain and '/' before it.")]
    [InlineData("labels: {a: \"b c\"}", "pools[0].labels['a']: 'b c' cannot be; write at most 63 letters, digits and any of . _ -, a letter or digit first and last.")]
    [InlineData("labels: {ebb.dev/pool: x}", "pools[0].labels['ebb.dev/pool']: 'ebb.dev/pool' is for Ebb itself; use a domain of your own.")]
    [InlineData("labels: {kubernetes.io/os: x}", "pools[0].labels['kubernetes.io/os']: 'kubernetes.io/os' is for Kubernetes itself; use a domain of your own, or node-role.kubernetes.io/ROLE for a role.")]
    [InlineData("labels: [a]", "pools[0].labels: write labels such as {disk: fast}, or remove the key.")]
    [InlineData("taints: [gpu:Never]", "pools[0].taints[0]: 'gpu:Never' cannot be; write KEY=VALUE:EFFECT or KEY:EFFECT, for example gpu=yes:NoSchedule; effects are NoSchedule, PreferNoSchedule and NoExecute.")]
    [InlineData("labels: {Team: a, team: b}", "pools[0].labels: 'team' is there in large and in small letters, which Azure takes for one. Leave one, or write another key.")]
    [InlineData("taints: [a:NoSchedule, a=b:NoSchedule]", "pools[0].taints: 'a' has several taints; Azure keeps one for a key, whether its letters are large or small. Leave one, or write another key.")]
    [InlineData("taints: [a=x:NoSchedule, b:NoSchedule, A=y:NoExecute]", "pools[0].taints: 'A' has several taints; Azure keeps one for a key, whether its letters are large or small. Leave one, or write another key.")]
    [InlineData("diskGiB: 32GiB", "pools[0].diskGiB: '32GiB' is no number; write a whole number from 30 to 4095.")]
    [InlineData("min: 11", "pools[0].min: 11 is above the most machines, 10. Lower it, or raise 'max'.")]
    [InlineData("keepWarm: 11", "pools[0].keepWarm: 11 is above the most machines, 10. Lower it, or raise 'max'.")]
    [InlineData("maxPrice: 0.05", "pools[0].maxPrice: only spot machines have a limit of price. Remove it, or write 'priority: spot'.")]
    public void About_a_pool(string line, string problem)
    {
        var found = Sample.Problem(Sample.WithPool(line));

        Assert.Equal(problem, found[(found.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
        Assert.StartsWith("ebb.yaml:7:", found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", false)]
    [InlineData("0.0", false)]
    [InlineData("-1", false)]
    [InlineData("0.000001", false)]
    [InlineData("1e-2", false)]
    [InlineData("\"0.05\"", false)]
    [InlineData("10001", false)]
    [InlineData("0.00001", true)]
    [InlineData("10000", true)]
    [InlineData("1", true)]
    public void A_price_is_above_0_and_has_five_decimals_at_most(string price, bool sound)
    {
        var text = Sample.WithPool("priority: spot", $"maxPrice: {price}");

        if (sound)
        {
            Assert.NotNull(Sample.Read(text).Pools[0].MaxPrice);
        }
        else
        {
            Assert.Contains("pools[0].maxPrice: ", Sample.Problem(text), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("addOns: {registry: yes}", "addOns.registry: 'yes' is not true or false to every reader of YAML; write true or false.")]
    [InlineData("addOns: {registry: \"true\"}", "addOns.registry: 'true' in quotes is text; write true without quotes.")]
    [InlineData("addOns: {registry: 1}", "addOns.registry: '1' cannot be; write true or false.")]
    [InlineData("addOns: {regsitry: true}", "addOns: there is no key 'regsitry' here. Did you mean 'registry'?")]
    [InlineData("addOns:", "addOns: nothing stands under it; write keys such as 'registry', or remove the key.")]
    [InlineData("addOns: []", "addOns: here is a list; write keys such as 'registry'.")]
    [InlineData("addons: {registry: true}", "there is no key 'addons' here. Did you mean 'addOns'?")]
    [InlineData("controlPlane: {machines: 2}", "controlPlane.machines: '2' cannot be; write 1, 3 or 5.")]
    [InlineData("controlPlane: {machines: \"3\"}", "controlPlane.machines: '3' cannot be; write 1, 3 or 5, without quotes.")]
    [InlineData("controlPlane: {size: true}", "controlPlane.size: true without quotes is true or false to YAML; write the size's name as Azure writes it, for example Standard_D4s_v5 ('ebb list sizes' shows them).")]
    [InlineData("kubernetes: {version: 1.31}", "kubernetes.version: 1.31 without quotes is a number to YAML; write a release such as v1.31.5+k3s1, or v1.31.5 for distribution kubelet.")]
    [InlineData("kubernetes: {version: v1.31.5}", "kubernetes.version: 'v1.31.5' is no release of k3s; write for example v1.31.5+k3s1, or 'distribution: kubelet'.")]
    [InlineData("kubernetes: {version: v1.31.5+k3s1, channel: stable}", "kubernetes.channel: a version and a channel are given. Remove one: the version pins a release, the channel takes its newest.")]
    [InlineData("kubernetes: {version: \"${VERSION}\"}", "kubernetes.version: variables such as ${NAME} are read for secrets only; write a release such as v1.31.5+k3s1, or v1.31.5 for distribution kubelet.")]
    [InlineData("storage: {shares: [{name: ab}]}", "storage.shares[0].name: 'ab' is too short; a share's name has at least 3 letters.")]
    [InlineData("storage: {shares: [{name: a--b}]}", "storage.shares[0].name: 'a--b' cannot be; write 3 to 63 lower-case letters, digits and single dashes.")]
    [InlineData("storage: {shares: [{name: ebb-system}]}", "storage.shares[0].name: 'ebb-system' is the share that Ebb keeps keys and programs on. Choose another name.")]
    [InlineData("storage: {shares: [{name: one}, {name: two}]}", "storage.shares[1].mountAt: /srv is where share 'one' is mounted already. Write another place, for example /srv/two.")]
    [InlineData("storage: {shares: [{name: one, mountAt: /etc/x}]}", "storage.shares[0].mountAt: /etc/x is the system's own; write another place, for example /srv/etc.")]
    [InlineData("storage: {shares: [{name: one, mountAt: /srv/../etc}]}", "storage.shares[0].mountAt: '/srv/../etc' cannot be; write an absolute path of letters, digits and any of . _ -, for example /srv.")]
    [InlineData("storage: {account: Tide}", "storage.account: 'Tide' cannot be; write 3 to 24 lower-case letters and digits.")]
    [InlineData("access: {sshPort: 6443}", "access.sshPort: 6443 belongs to the Kubernetes API (6443 to 6444). Write another, for example 22 or 2222.")]
    [InlineData("access: {sshUser: root}", "access.sshUser: Azure takes no user named 'root'; write another, for example ebb.")]
    [InlineData("access: {sshFrom: 10.0.0.1/8}", "access.sshFrom: '10.0.0.1/8' has bits set beyond its first 8; write 10.0.0.0/8.")]
    [InlineData("access: {sshFrom: [10.0.0]}", "access.sshFrom[0]: '10.0.0' is no address; write a range such as 203.0.113.0/24 or 2001:db8::/32.")]
    [InlineData("access: {sshFrom: me}", "access.sshFrom: 'me' cannot be; write own-address, cloudflare, anyone, or a range such as 203.0.113.0/24 or 2001:db8::/32.")]
    [InlineData("options: {containerRuntime: cri-o}", "options.containerRuntime: packages of cri-o are made for one minor release of Kubernetes each, and the file names none. Add 'version' under 'kubernetes', for example v1.35.3+k3s1, or a channel such as v1.35.")]
    [InlineData("kubernetes: {distribution: kubelet}", "kubernetes.distribution: the plain kubelet has a control plane that Ebb hosts on this machine, for 'cloud.endpoint: sandbox' alone. Write 'distribution: k3s', or that endpoint.")]
    [InlineData("options: {airGapped: true}", "options.airGapped: an air-gapped install needs to know its release. Add 'version' under 'kubernetes', for example v1.31.5+k3s1.")]
    [InlineData("options: {airGapped: true, packages: [htop]}\nkubernetes: {version: v1.31.5+k3s1}", "options.packages: machines without a way out cannot fetch packages. Remove them, or write 'airGapped: false'.")]
    [InlineData("options: {packages: [\"htop; rm -rf /\"]}", "options.packages[0]: 'htop; rm -rf /' cannot be; write a package's name such as htop.")]
    [InlineData("options: {timeZone: ../../etc/passwd}", "options.timeZone: '../../etc/passwd' cannot be; write a time zone's name such as Etc/UTC or Europe/Lisbon.")]
    public void About_everything_else(string lines, string problem)
    {
        var found = Sample.Problem(Sample.With(lines));

        Assert.Equal(problem, found[(found.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
    }

    [Theory]
    [InlineData("kubernetes: {version: v1.31.5+k3s1, distribution: kubelet}", "kubernetes.version: 'v1.31.5+k3s1' is a release of k3s; write v1.31.5, or 'distribution: k3s'.")]
    [InlineData("kubernetes: {version: v1.19.1, distribution: kubelet}", "kubernetes.version: 'v1.19.1' is older than Ebb supports; write v1.20.0 or newer.")]
    [InlineData("options: {containerRuntime: docker}\nkubernetes: {distribution: kubelet}", "options.containerRuntime: the kubelet alone cannot use docker since 1.24; write containerd or cri-o, or 'distribution: k3s'.")]
    public void About_the_plain_kubelet(string lines, string problem)
    {
        var found = Sample.Problem(Sample.With(lines).Replace("region: westeurope", "region: westeurope\n  endpoint: sandbox", StringComparison.Ordinal));

        Assert.Equal(problem, found[(found.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
    }

    [Fact]
    public void A_runtime_of_one_release_takes_a_version_or_the_channel_of_one()
    {
        Assert.Equal("v1.35", Sample.Read(Sample.With("options: {containerRuntime: cri-o}\nkubernetes: {channel: v1.35}")).Kubernetes.Channel);
        Assert.Equal("v1.35.3+k3s1", Sample.Read(Sample.With("options: {containerRuntime: cri-o}\nkubernetes: {version: v1.35.3+k3s1}")).Kubernetes.Version);
    }

    [Theory]
    [InlineData("{range: 10.1.0.0}", "network.range: '10.1.0.0' cannot be; write an IPv4 range such as 10.1.0.0/16.")]
    [InlineData("{range: 10.1.2.3/16}", "network.range: 10.1.2.3/16 has bits set beyond its first 16; write 10.1.0.0/16.")]
    [InlineData("{range: 010.1.0.0/16}", "network.range: '010.1.0.0/16' cannot be; write an IPv4 range such as 10.1.0.0/16.")]
    [InlineData("{range: 10.0.0.0/7}", "network.range: 10.0.0.0/7 is too large; its prefix may be /8 to /26.")]
    [InlineData("{range: 10.0.0.0/32}", "network.range: 10.0.0.0/32 is too small; its prefix may be /8 to /26.")]
    [InlineData("{range: 169.254.0.0/16}", "network.range: 169.254.0.0/16 holds addresses of link-local addresses and the metadata service. Write a private range, for example 10.20.0.0/16.")]
    [InlineData("{podRange: 10.1.128.0/17}", "network.podRange: 10.1.128.0/17 overlaps range, which is 10.1.0.0/16. Write ranges that lie apart.")]
    [InlineData("{range: 10.42.0.0/17}", "network.range: 10.42.0.0/17 overlaps podRange, which is 10.42.0.0/16. Write ranges that lie apart.")]
    [InlineData("{serviceRange: 10.42.128.0/20}", "network.serviceRange: 10.42.128.0/20 overlaps podRange, which is 10.42.0.0/16. Write ranges that lie apart.")]
    [InlineData("{poolSubnet: 10.2.0.0/24}", "network.poolSubnet: 10.2.0.0/24 is not within the network's range, 10.1.0.0/16. Write a part of that, or widen 'range'.")]
    [InlineData("{poolSubnet: 10.1.0.0/20}", "network.poolSubnet: 10.1.0.0/20 overlaps controlPlaneSubnet, which is 10.1.0.0/24. Write ranges that lie apart.")]
    [InlineData("{poolSubnet: 10.1.4.0/29}", "network.poolSubnet: 10.1.4.0/29 has room for 3 machines, but the pools may grow to 10. Widen it, or lower the pools' max.")]
    [InlineData("{podRange: 10.64.0.0/21}", "network.podRange: 10.64.0.0/21 has room for 8 nodes with a /24 each, but the cluster may have 11. Widen it, or lower the pools' max.")]
    [InlineData("{controlPlaneSubnet: 10.1.0.0/29}", "network.controlPlaneSubnet: 10.1.0.0/29 is too small; its prefix may be /8 to /28.")]
    public void About_the_network(string network, string problem)
    {
        var found = Sample.Problem(Sample.With($"network: {network}"));

        Assert.Equal(problem, found[(found.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
        Assert.StartsWith("ebb.yaml:7:", found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.9.0.0/16", "10.9.0.0/24", "10.9.128.0/17")]
    [InlineData("10.9.0.0/24", "10.9.0.0/26", "10.9.0.128/25")]
    [InlineData("10.9.0.64/26", "10.9.0.64/28", "10.9.0.96/27")]
    public void Subnets_follow_from_the_range(string range, string controlPlane, string pools)
    {
        var network = Sample.Read(Sample.With($"network: {{range: {range}}}")).Network;

        Assert.Equal((controlPlane, pools), (network.ControlPlaneSubnet.ToString(), network.PoolSubnet.ToString()));
    }

    [Fact]
    public void Two_pools_may_not_have_one_name_nor_one_that_is_made_of_the_other_s()
    {
        var text = Sample.Least + """
              - {name: agents, size: Standard_D4s_v5}
              - {name: burst, size: Standard_D4s_v5, priority: spot-then-regular}
              - {name: burst-regular, size: Standard_D4s_v5}

            """;

        Assert.Equal(
            [
                "ebb.yaml:7:12: pools[1].name: 'agents' is taken by pool 'agents' above. Choose another name.",
                "ebb.yaml:9:12: pools[3].name: 'burst-regular' is taken by pool 'burst' above. Choose another name.",
            ],
            Sample.Problems(text));
    }

    [Fact]
    public void Both_resource_groups_may_not_be_one()
    {
        var problem = Sample.Problem(Sample.Least.Replace("region: westeurope", "region: westeurope\n  storageGroup: TIDE-compute", StringComparison.Ordinal));

        Assert.StartsWith("ebb.yaml:4:17: cloud.storageGroup: both resource groups are 'TIDE-compute'.", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("West Europe")]
    [InlineData("westEurope")]
    [InlineData("west-europe")]
    public void A_region_is_written_as_the_cloud_spells_it(string region)
    {
        var problem = Sample.Problem(Sample.Least.Replace("westeurope", region, StringComparison.Ordinal));

        Assert.Contains("in lower case without spaces", problem, StringComparison.Ordinal);
    }
}
