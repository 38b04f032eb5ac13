using System.Net;
using System.Text;
using Ebb.Joining;
using Ebb.Kubernetes;
using Ebb.Tests.Joining.Lab;
using Resources = Ebb.Kubernetes.Resources;

namespace Ebb.Tests.Joining;

/// <summary>What a join server puts in order by the clock, on a cluster whose nodes write themselves all the time.</summary>
public sealed class SweepTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_machine_that_was_spared_is_in_use_again_however_busy_the_cluster_is()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        await lab.AddNodeAsync(lab.AddMachine(2), ready: true);
        using var told = await lab.NoticeAsync(machine, new Notice { Id = "1", Kind = NoticeKinds.Preempt, At = TimeProvider.System.GetUtcNow() });
        Assert.Equal(HttpStatusCode.OK, told.StatusCode);
        Assert.True(await IsLeavingAsync());

        lab.Clock.SetForward(TimeSpan.FromMinutes(11));

        await UntilAsync(lab, async () => !await IsLeavingAsync());

        async Task<bool> IsLeavingAsync() => (await lab.NodeAsync(machine))!.Spec.Taints?.Any(taint => taint.Key == Marks.Leaving) == true;
    }

    [Fact]
    public async Task A_machine_that_was_admitted_and_never_came_is_told_of_however_busy_the_cluster_is()
    {
        await using var lab = await JoinLab.StartAsync();
        await lab.AddNodeAsync(lab.AddMachine(2), ready: true);
        using var response = await lab.JoinAsync(lab.AddMachine(1));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);

        lab.Clock.SetForward(TimeSpan.FromMinutes(11));

        await UntilAsync(lab, () => Task.FromResult(
            lab.Loggers.Text.Contains("A machine was admitted as agents000001 and did not become a node", StringComparison.Ordinal)));
    }

    /// <summary>Meanwhile another node writes itself, again and again.</summary>
    private static Task UntilAsync(JoinLab lab, Func<Task<bool>> holds)
    {
        var times = 0;
        return JoinLab.UntilAsync(async () =>
        {
            var body = Encoding.UTF8.GetBytes($$$$"""{"metadata":{"annotations":{"test/times":"{{{{times++}}}}"}}}""");
            await lab.Client.PatchAsync(Resources.Nodes, null, "agents000002", PatchKind.Merge, body, WriteOptions.Default, Ct);
            return await holds();
        });
    }
}
