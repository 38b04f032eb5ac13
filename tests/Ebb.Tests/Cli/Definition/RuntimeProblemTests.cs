namespace Ebb.Tests.Cli.Definition;

/// <summary>What k3s' releases cannot do is told before a machine is made.</summary>
public class RuntimeProblemTests
{
    [Theory]
    [InlineData("{version: v1.20.15+k3s1}", "kubernetes.version: 'v1.20.15+k3s1' is older than Ebb supports; write v1.21.0+k3s1 or newer.")]
    [InlineData("{version: v1.19.1+k3s1}", "kubernetes.version: 'v1.19.1+k3s1' is older than Ebb supports; write v1.21.0+k3s1 or newer.")]
    [InlineData("{channel: v1.20}", "kubernetes.channel: 'v1.20' is older than Ebb supports; write v1.21 or newer.")]
    public void Servers_that_do_not_read_what_each_of_them_is_told_are_refused(string kubernetes, string problem)
    {
        Assert.EndsWith(": " + problem, Sample.Problem(Sample.With($"kubernetes: {kubernetes}")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{version: v1.21.0+k3s1}")]
    [InlineData("{channel: v1.21}")]
    public void The_first_release_that_does_is_taken(string kubernetes)
    {
        Assert.NotNull(Sample.Read(Sample.With($"kubernetes: {kubernetes}")));
    }

    [Fact]
    public void A_plain_kubelet_may_be_of_1_20()
    {
        var text = Sample.With("kubernetes: {version: v1.20.2, distribution: kubelet}").Replace("region: westeurope", "region: westeurope\n  endpoint: sandbox", StringComparison.Ordinal);

        Assert.Equal("v1.20.2", Sample.Read(text).Kubernetes.Version);
    }

    [Theory]
    [InlineData("{version: v1.31.5+k3s1}", "v1.33.10+k3s1")]
    [InlineData("{version: v1.32.13+k3s1}", "v1.33.10+k3s1")]
    [InlineData("{version: v1.33.9+k3s1}", "v1.33.10+k3s1")]
    [InlineData("{version: v1.34.5+k3s1}", "v1.34.6+k3s1")]
    [InlineData("{version: v1.35.2+k3s1}", "v1.35.3+k3s1")]
    [InlineData("{channel: v1.32}", "v1.33.10+k3s1")]
    public void Releases_whose_pods_never_start_under_cri_o_are_refused(string kubernetes, string first)
    {
        var problem = Sample.Problem(Sample.With($"options: {{containerRuntime: cri-o}}\nkubernetes: {kubernetes}"));

        Assert.StartsWith("ebb.yaml:7:29: options.containerRuntime: with cri-o, pods of k3s ", problem, StringComparison.Ordinal);
        Assert.EndsWith($"Write {first} or newer, or 'containerRuntime: containerd'.", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{version: v1.33.10+k3s1}")]
    [InlineData("{version: v1.34.6+k3s2}")]
    [InlineData("{version: v1.35.3+k3s1}")]
    [InlineData("{version: v1.36.0+k3s1}")]
    [InlineData("{channel: v1.33}")]
    [InlineData("{channel: v1.36}")]
    public void Releases_whose_pods_start_under_cri_o_are_taken(string kubernetes)
    {
        Assert.NotNull(Sample.Read(Sample.With($"options: {{containerRuntime: cri-o}}\nkubernetes: {kubernetes}")));
    }

    [Theory]
    [InlineData("docker", "v1.31.5+k3s1")]
    [InlineData("cri-o", "v1.35.3+k3s1")]
    [InlineData("cri-o", "v1.31.5+k3s1")]
    public void Only_k3s_own_containerd_is_given_the_images_of_an_air_gapped_install(string runtime, string release)
    {
        var problem = Sample.Problem(Sample.With($"options: {{containerRuntime: {runtime}, airGapped: true}}\nkubernetes: {{version: {release}}}"));

        Assert.Equal(
            $"ebb.yaml:7:29: options.containerRuntime: with 'airGapped', k3s hands its images to its own containerd alone, and {runtime} would fetch them from outside. "
            + "Write 'containerRuntime: containerd', or 'airGapped: false'.",
            problem);
    }
}
