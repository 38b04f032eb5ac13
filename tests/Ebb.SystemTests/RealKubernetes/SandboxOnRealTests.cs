namespace Ebb.SystemTests.RealKubernetes;

/// <summary>The main path on Kubernetes' own programs: up, look, crash, up again, down.</summary>
public sealed class SandboxOnRealTests(SandboxCluster cluster) : IClassFixture<SandboxCluster>
{
    [Fact]
    public async Task A_cluster_that_crashes_as_a_whole_comes_back_with_all_it_had_and_goes_without_a_trace()
    {
        cluster.Require();
        await cluster.KubectlAsync("create configmap kept --from-literal=a=1");
        await cluster.KubectlAsync("create secret generic hidden --from-literal=b=2");
        var first = await cluster.UpAsync();
        Assert.True(first.GetProperty("ranAlready").GetBoolean());
        Assert.Equal("real", first.GetProperty("kind").GetString());
        Assert.Equal("hollow", first.GetProperty("machines").GetString());

        var components = await cluster.ComponentsAsync();
        Assert.Equal(
            ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"],
            components.Select(component => component.GetProperty("name").GetString()));
        Assert.All(components, component =>
        {
            Assert.Equal("healthy", component.GetProperty("state").GetString());
            Assert.NotEqual("", component.GetProperty("version").GetString());
            Assert.True(SandboxCluster.Runs(component.GetProperty("processId").GetInt32()));
            Assert.True(File.Exists(component.GetProperty("log").GetString()));
        });

        // The host alone: what it started goes on, and its successor takes over.
        SandboxCluster.End(first.GetProperty("processId").GetInt32());
        Assert.Equal("1", await cluster.KubectlAsync("get configmap kept -o jsonpath={.data.a}"));
        var second = await cluster.UpAsync();
        Assert.Equal(first.GetProperty("kubernetes").GetString(), second.GetProperty("kubernetes").GetString());

        // All of it at once.
        foreach (var component in await cluster.ComponentsAsync())
        {
            SandboxCluster.End(component.GetProperty("processId").GetInt32());
        }

        SandboxCluster.End(second.GetProperty("processId").GetInt32());
        var embedded = await cluster.EbbAsync("up -d --kubernetes embedded");
        Assert.Equal(2, embedded.ExitCode);
        Assert.Contains("holds a real cluster's data", embedded.Error, StringComparison.Ordinal);
        var third = await cluster.UpAsync();
        Assert.Equal("1", await cluster.KubectlAsync("get configmap kept -o jsonpath={.data.a}"));
        Assert.Equal("Mg==", await cluster.KubectlAsync("get secret hidden -o jsonpath={.data.b}"));

        var left = (await cluster.ComponentsAsync()).Select(component => component.GetProperty("processId").GetInt32())
            .Append(third.GetProperty("processId").GetInt32()).ToList();
        (await cluster.EbbAsync("down")).Good();
        Assert.DoesNotContain(left, SandboxCluster.Runs);
        Assert.False(Directory.Exists(cluster.Home));
    }
}
