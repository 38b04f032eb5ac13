using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Cli.Clusters;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;

namespace Ebb.Tests.Cli.Provisioning.Rendered;

/// <summary>What machines are told where something else than k3s' own containerd runs containers.</summary>
public class ContainerRuntimeTests
{
    private const string Program = "/usr/local/lib/ebb/docker-registry";
    private const string DockerSettings = "/etc/docker/daemon.json";

    public static TheoryData<string> Kinds => ["control-plane", "agents"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Cri_o_finds_the_pods_network_that_k3s_lays_out(string kind)
    {
        var files = Files(ContainerRuntime.CriO, registry: false, kind);

        Assert.Equal("container-runtime-endpoint: unix:///var/run/crio/crio.sock\n", files["/etc/rancher/k3s/config.yaml.d/20-runtime.yaml"]);
        Assert.Equal(
            """
            [crio.network]
            network_dir = "/var/lib/rancher/k3s/agent/etc/cni/net.d"
            plugin_dirs = ["/var/lib/rancher/k3s/data/cni"]

            """,
            files["/etc/crio/crio.conf.d/20-ebb.conf"]);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Cri_o_takes_names_without_a_registry_as_k3s_means_them(string kind)
    {
        Assert.Equal("unqualified-search-registries = [\"docker.io\"]\n", Files(ContainerRuntime.CriO, registry: false, kind)["/etc/containers/registries.conf.d/ebb.conf"]);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Cri_o_pulls_from_the_cluster_s_own_registry(string kind)
    {
        var files = Files(ContainerRuntime.CriO, registry: true, kind);

        Assert.Equal(
            """
            unqualified-search-registries = ["docker.io"]

            [[registry]]
            prefix = "registry:5000"
            location = "10.1.0.10:5000"
            insecure = true

            """,
            files["/etc/containers/registries.conf.d/ebb.conf"]);
        Assert.DoesNotContain("/etc/rancher/k3s/registries.yaml", files.Keys);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Docker_is_prepared_for_the_cluster_s_own_registry_before_it_starts(string kind)
    {
        var files = Files(ContainerRuntime.Docker, registry: true, kind);

        Assert.Contains($"ExecStartPre=/usr/bin/python3 {Program} 10.1.0.10\n", files["/etc/systemd/system/docker.service.d/10-ebb-registry.conf"]);
        Assert.Contains(Program, files.Keys);
        Assert.DoesNotContain("/etc/rancher/k3s/registries.yaml", files.Keys);
    }

    [Fact]
    public void Without_the_registry_docker_is_left_as_it_is()
    {
        Assert.DoesNotContain(Files(ContainerRuntime.Docker, registry: false, "agents").Keys, path => path.Contains("docker", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null, """{"insecure-registries":["registry:5000"]}""")]
    [InlineData("""{"data-root": "/mnt/scratch/docker"}""", """{"data-root":"/mnt/scratch/docker","insecure-registries":["registry:5000"]}""")]
    [InlineData("""{"insecure-registries": ["10.9.9.9:80", "registry:5000"]}""", """{"insecure-registries":["10.9.9.9:80","registry:5000"]}""")]
    public async Task Docker_s_own_settings_are_kept(string? before, string after)
    {
        using var machine = Machine();
        if (before is not null)
        {
            machine.Write(DockerSettings, before);
        }

        var (code, said) = await machine.RunAsync(Program, Ct, "10.1.0.10");

        Assert.True(code == 0, said);
        Assert.Equal(after, JsonNode.Parse(machine.Read(DockerSettings))!.ToJsonString());
    }

    [Fact]
    public async Task The_registry_s_name_leads_to_the_machine_that_has_it_and_to_no_other()
    {
        using var machine = Machine();
        machine.Write("/etc/hosts", "127.0.0.1 localhost\n10.7.0.10 registry # ebb\n10.7.0.11 my-registry");

        var (code, said) = await machine.RunAsync(Program, Ct, "10.1.0.10");
        var (again, _) = await machine.RunAsync(Program, Ct, "10.1.0.10");

        Assert.True((code, again) == (0, 0), said);
        Assert.Equal("127.0.0.1 localhost\n10.7.0.11 my-registry\n10.1.0.10 registry # ebb\n", machine.Read("/etc/hosts"));
        Assert.Equal("644", machine.ModeOf("/etc/hosts"));
    }

    [Fact]
    public async Task Settings_of_docker_that_cannot_be_read_are_named_and_left_as_they_are()
    {
        using var machine = Machine();
        machine.Write(DockerSettings, "{");

        var (code, said) = await machine.RunAsync(Program, Ct, "10.1.0.10");

        Assert.NotEqual(0, code);
        Assert.Contains(DockerSettings, said);
        Assert.Equal("{", machine.Read(DockerSettings));
    }

    private static MachineLab Machine()
    {
        MachineLab.Require();
        return new MachineLab(Rendered(ContainerRuntime.Docker, registry: true, "agents"));
    }

    private static Dictionary<string, string> Files(ContainerRuntime runtime, bool registry, string kind) =>
        JsonSerializer.SerializeToNode(Yaml.ToJson(Rendered(runtime, registry, kind)))!["write_files"]!.AsArray()
            .ToDictionary(file => (string)file!["path"]!, file => (string)file!["content"]!);

    private static string Rendered(ContainerRuntime runtime, bool registry, string kind)
    {
        var cluster = RenderLab.Minimal with
        {
            Kubernetes = new KubernetesDefinition { Version = "v1.35.3+k3s1" },
            AddOns = RenderLab.Minimal.AddOns with { Registry = registry },
            Options = RenderLab.Minimal.Options with { ContainerRuntime = runtime },
        };
        return Renderer.Render(cluster, RenderLab.Inputs).CloudConfigs[kind];
    }
}
