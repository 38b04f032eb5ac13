using System.Security.Cryptography;
using System.Text;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Tests.Sandbox.World;

public sealed class WorldRunTests
{
    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        var first = Fingerprint(seed: 7);
        var again = Fingerprint(seed: 7);
        var other = Fingerprint(seed: 8);

        Assert.Equal(first, again);
        Assert.NotEqual(first.Hash, other.Hash);
    }

    [Fact]
    public void Two_hundred_nodes_run_two_thousand_pods()
    {
        using var world = new WorldUnderTest();
        world.Nodes(200);
        world.Job("frames", "\"completions\":2000,\"parallelism\":2000", WorldUnderTest.Runs("sleep 60", cpu: "100m"));

        world.Pass(30);
        var running = world.Pods().Count(pod => pod.Phase == "Running");
        world.Pass(90);

        Assert.Equal(2000, running);
        Assert.Equal("True", world.Condition(Kinds.Job, "frames", "Complete"));
        Assert.Empty(world.Interruptions);
    }

    private static (long Version, string Hash) Fingerprint(int seed)
    {
        using var world = new WorldUnderTest(new KubernetesOptions { Seed = seed });
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        world.Store.Subscribe(change =>
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{world.Time.GetUtcNow():O} {change.Type} "));
            hash.AppendData(change.Object.Utf8.Span);
        });
        world.Nodes(4);
        world.Job("frames", "\"completions\":30,\"parallelism\":12", WorldUnderTest.Runs("sleep $((RANDOM % 60)); exit $((RANDOM % 4 / 3))", cpu: "300m"));
        world.Pass(120);
        world.World.Kubelets.Kill("node-1");
        world.Pass(600);
        return (world.Store.ResourceVersion, Convert.ToHexString(hash.GetHashAndReset()));
    }
}
