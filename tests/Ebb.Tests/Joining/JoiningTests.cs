using System.Net;
using Ebb.Joining;
using Ebb.Tests.Joining.Lab;
using Resources = Ebb.Kubernetes.Resources;

namespace Ebb.Tests.Joining;

/// <summary>Machines that join as they should, at the real server over loopback.</summary>
public sealed class JoiningTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_machine_of_a_pool_gets_what_it_needs_to_become_a_node()
    {
        await using var lab = await JoinLab.StartAsync();
        lab.Cloud.Labels = lab.Cloud.Labels.Add("disk", "fast").Add("example.k8s.io/team", "render");
        lab.Cloud.Taints = [new("gpu", "yes", Ebb.Scheduling.TaintEffect.NoSchedule)];
        var machine = lab.AddMachine(0);

        using var response = await lab.JoinAsync(machine);

        Assert.True(response.StatusCode is HttpStatusCode.OK, lab.Audit + lab.Loggers.Text);
        var answer = await JoinLab.ReadAsync(response, JoinJson.Default.JoinAnswer);
        Assert.Equal("agents000000", answer.Node);
        Assert.Equal(machine.ProviderId, answer.ProviderId);
        Assert.Equal(["https://10.1.0.10:6443"], answer.Servers);
        Assert.Equal(["gpu=yes:NoSchedule"], answer.Taints);
        Assert.Equal(
            ["disk", "ebb.dev/pool", "node.kubernetes.io/instance-type", "topology.kubernetes.io/region", "topology.kubernetes.io/zone"],
            answer.Labels.Keys.Order());
        Assert.Equal(JoinLab.StorageKey, Assert.Single(answer.Mounts).Key);
        var secret = await lab.Client.FindAsync(Resources.Secrets, "kube-system", $"bootstrap-token-{answer.Token[..6]}", Ct);
        Assert.Equal("bootstrap.kubernetes.io/token", secret?.Type);
    }
}
