namespace Ebb.Tests.Cli.Clusters.Provisioned.Hardware;

/// <summary>One 'ebb up' of a cluster, struck at every kind of its requests to the cloud and to Kubernetes: the same run, or the next, ends as it should.</summary>
internal static class PlaneMatrix
{
    /// <param name="make">The cluster as it is before, each time anew.</param>
    /// <param name="patches">Whether nodes are changed in it: there would be nothing to strike in Kubernetes otherwise.</param>
    public static void Run(Func<PlaneLab> make, string after, string trouble, Action<PlaneLab, string> check, bool patches = false)
    {
        List<string> cloud, kubernetes;
        using (var clean = make())
        {
            clean.Up(after);
            check(clean, "undisturbed");
            Assert.True(!patches || clean.KubeWire.Calls.Exists(call => call.StartsWith("PATCH /api/v1/nodes/", StringComparison.Ordinal)));
            (cloud, kubernetes) = (FaultMatrixTests.Struck(clean.Cloud.Wire.Calls, trouble), FaultMatrixTests.Struck(clean.KubeWire.Calls, trouble));
        }

        Assert.NotEmpty(cloud);
        foreach (var (ofCloud, call) in cloud.Select(call => (true, call)).Concat(kubernetes.Select(call => (false, call))))
        {
            using var struck = make();
            FaultMatrixTests.Strike(ofCloud ? struck.Cloud.Wire : struck.KubeWire, struck.Cloud.World, call, trouble);

            FaultMatrixTests.RunTwice(() => struck.Up(after), trouble);

            var when = $"{trouble} at {call}";
            check(struck, when);
            Assert.True(struck.QuorumLost.Count == 0, $"{when}: {string.Join(", ", struck.QuorumLost)}");
            Assert.True(!struck.Held.Any(), $"{when}: {string.Join(", ", struck.Held)} held");
            var left = struck.Plan(after);
            Assert.True(left.Changes.IsEmpty && left.Hardware.Steps.IsEmpty, $"{when}: {string.Join(", ", left.Changes.Select(change => $"{change.Name} {change.Means}"))}");
        }
    }
}
