using System.Collections.Immutable;
using System.Text;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Tests.House;

namespace Ebb.Tests.ControlPlane.Components;

public class ComponentSpecsTests
{
    /// <summary>Flag, component, first and last minor release of Kubernetes that is given it.</summary>
    public static TheoryData<string, string, int, int> KubernetesFlags => new()
    {
        { "--port=0", "kube-controller-manager", 20, 22 },
        { "--port=0", "kube-scheduler", 20, 23 },
        { "--controllers=*,bootstrapsigner,tokencleaner", "kube-controller-manager", 20, 27 },
        { "--controllers=*,bootstrap-signer-controller,token-cleaner-controller", "kube-controller-manager", 28, 36 },
        { "--service-account-issuer=https://kubernetes.default.svc.cluster.local", "kube-apiserver", 20, 36 },
        { "--authorization-mode=Node,RBAC", "kube-apiserver", 20, 36 },
    };

    /// <summary>Flag, and the releases of etcd that are given it.</summary>
    public static TheoryData<string, string[], string[]> EtcdFlags => new()
    {
        { "--experimental-initial-corrupt-check=true", ["3.4.13", "3.4.23", "3.5.3", "3.5.24"], ["3.6.0", "3.6.8"] },
        { "--feature-gates=InitialCorruptCheck=true", ["3.6.0", "3.6.8"], ["3.4.23", "3.5.24"] },
        { "--experimental-watch-progress-notify-interval=5s", ["3.5.8", "3.5.24"], ["3.4.23", "3.5.7", "3.6.0"] },
        { "--watch-progress-notify-interval=5s", ["3.6.0"], ["3.4.23", "3.5.8"] },
        { "--enable-v2=false", ["3.4.13"], ["3.5.3", "3.6.0"] },
        { "--logger=zap", ["3.4.13"], ["3.5.3", "3.6.0"] },
    };

    /// <summary>Flags that some release from 1.20 on refuses, and that none needs.</summary>
    public static TheoryData<string> Gone =>
    [
        "--insecure-port", "--insecure-bind-address", "--address", "--kubelet-https", "--master-service-namespace", "--cloud-provider",
        "--logtostderr", "--log-dir", "--enable-swagger-ui", "--target-ram-mb", "--experimental-encryption-provider-config",
        "--enable-taint-manager", "--pod-eviction-timeout", "--experimental-cluster-signing-duration", "--policy-config-file",
        "--algorithm-provider", "--service-account-api-audiences", "--horizontal-pod-autoscaler-use-rest-clients",
    ];

    [Theory]
    [InlineData("1.20.2", "3.4.23", 1, "kubernetes-1.20.approved.txt")]
    [InlineData("1.36.0", "3.6.8", 3, "kubernetes-1.36.approved.txt")]
    public void The_command_lines_are_as_approved(string kubernetes, string etcd, int members, string file)
    {
        var text = new StringBuilder();
        foreach (var spec in ComponentSpecs.Of(Shape(kubernetes, etcd, members)))
        {
            text.Append($"{spec.Stage}: {spec.Binary} {spec.Version} as {spec.Name}, ports {string.Join(", ", spec.Ports)}, asked at {spec.Health.Url}\n");
            foreach (var argument in spec.Arguments)
            {
                text.Append($"  {argument}\n");
            }

            foreach (var needed in spec.Files)
            {
                text.Append($"  needs {needed}\n");
            }
        }

        Approved.Same(text.ToString(), file);
    }

    [Theory]
    [MemberData(nameof(KubernetesFlags))]
    public void Each_release_gets_the_flags_that_it_knows(string flag, string component, int first, int last)
    {
        for (var minor = 20; minor <= 36; minor++)
        {
            var arguments = Arguments(Shape($"1.{minor}.0", "3.5.24", 1), component);
            Assert.True(arguments.Contains(flag) == (minor >= first && minor <= last), $"{component} 1.{minor}: {flag}");
        }
    }

    [Theory]
    [MemberData(nameof(EtcdFlags))]
    public void Each_etcd_gets_the_flags_that_it_knows(string flag, string[] with, string[] without)
    {
        Assert.All(with, etcd => Assert.Contains(flag, Arguments(Shape("1.30.0", etcd, 1), "etcd")));
        Assert.All(without, etcd => Assert.DoesNotContain(flag, Arguments(Shape("1.30.0", etcd, 1), "etcd")));
    }

    [Theory]
    [MemberData(nameof(Gone))]
    public void No_release_gets_a_flag_that_is_gone(string flag)
    {
        for (var minor = 20; minor <= 36; minor++)
        {
            Assert.All(ComponentSpecs.Of(Shape($"1.{minor}.0", "3.5.24", 1)), spec =>
                Assert.DoesNotContain(spec.Arguments, argument => argument == flag || argument.StartsWith(flag + "=", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Members_know_each_other_and_listen_apart()
    {
        var specs = ComponentSpecs.Of(Shape("1.20.2", "3.4.23", 3));
        var members = specs.Where(spec => spec.Binary == "etcd").ToList();

        Assert.Equal(["etcd-1", "etcd-2", "etcd-3"], members.Select(member => member.Name));
        Assert.Equal(3, members.Select(member => member.Data).Distinct().Count());
        Assert.Single(members.Select(member => member.Arguments.Single(a => a.StartsWith("--initial-cluster=", StringComparison.Ordinal))).Distinct());
        Assert.Equal(specs.SelectMany(spec => spec.Ports).Count(), specs.SelectMany(spec => spec.Ports).Distinct().Count());
    }

    [Fact]
    public void Extra_flags_come_last_so_that_they_win()
    {
        var shape = Shape("1.20.2", "3.4.23", 3) with
        {
            ExtraFlags = ImmutableDictionary<string, ImmutableArray<string>>.Empty
                .Add("etcd", ["--log-level=debug"]).Add("kube-scheduler", ["-v=4"]),
        };

        Assert.All(ComponentSpecs.Of(shape).Where(s => s.Binary == "etcd"), s => Assert.Equal("--log-level=debug", s.Arguments[^1]));
        Assert.Equal("-v=4", Arguments(shape, "kube-scheduler")[^1]);
    }

    [Fact]
    public void Addresses_of_the_new_kind_get_their_brackets()
    {
        var shape = Shape("1.30.0", "3.5.24", 1) with { BindAddress = "fd00::1", AdvertiseAddress = "fd00::1" };

        Assert.Contains("--listen-client-urls=https://[fd00::1]:2379", Arguments(shape, "etcd"));
        Assert.Contains("--bind-address=fd00::1", Arguments(shape, "kube-apiserver"));
    }

    private static ControlPlaneShape Shape(string kubernetes, string etcd, int members) => new()
    {
        Kubernetes = ReleaseVersion.Find(kubernetes)!.Value,
        Etcd = ReleaseVersion.Find(etcd)!.Value,
        Paths = new ComponentPaths("/state"),
        EtcdToken = "token",
        Ports = new ControlPlanePorts
        {
            Api = 6443,
            ControllerManager = 10257,
            Scheduler = 10259,
            Etcd = [.. Enumerable.Range(0, members).Select(i => new EtcdPorts(2379 + (10 * i), 2380 + (10 * i)))],
        },
        BindAddress = members == 1 ? "127.0.0.1" : "10.0.0.10",
        AdvertiseAddress = members == 1 ? "127.0.0.1" : "10.0.0.10",
        PodRange = members == 1 ? null : "10.244.0.0/16",
    };

    private static ImmutableArray<string> Arguments(ControlPlaneShape shape, string binary) =>
        ComponentSpecs.Of(shape).First(spec => spec.Binary == binary).Arguments;
}
