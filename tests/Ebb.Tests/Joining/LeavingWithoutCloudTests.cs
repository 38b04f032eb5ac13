using System.Net;
using Ebb.Joining;
using Ebb.Pools;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Joining;

/// <summary>Machines that leave while their join server has lost its way to the cloud: nothing refuses, and nothing answers.</summary>
public sealed class LeavingWithoutCloudTests
{
    // Longer than a list of machines is good for to those that join.
    private static readonly TimeSpan Old = TimeSpan.FromMinutes(5);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_never_read_the_machines_says_so_while_there_is_time_to_ask_another()
    {
        await using var lab = await JoinLab.StartAsync();
        lab.Cloud.Held = Never();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);

        using var response = await lab.LeaveAsync(machine, LeaveReasons.Shutdown, seconds: 300).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Ct);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull((await JoinLab.ReadAsync(response, JoinJson.Default.JoinError)).RetryAfterSeconds);
        Assert.Contains("\"outcome\":\"failed\"", lab.Audit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_that_was_known_once_is_told_of_and_leaves_without_the_cloud_being_asked_again()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = await KnownAsync(lab);

        using var told = await lab.NoticeAsync(machine, new Notice { Id = "1", Kind = NoticeKinds.Preempt, At = TimeProvider.System.GetUtcNow().AddSeconds(30) });
        using var left = await lab.LeaveAsync(machine, NoticeKinds.Preempt, seconds: 20);

        Assert.True((await JoinLab.ReadAsync(told, JoinJson.Default.NoticeAnswer)).Leave);
        Assert.True((await JoinLab.ReadAsync(left, JoinJson.Default.LeaveAnswer)).Deleted);
    }

    [Fact]
    public async Task A_node_of_whose_machine_the_cloud_says_nothing_in_time_stays_and_the_machine_has_its_answer()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = await KnownAsync(lab);

        using var left = await lab.LeaveAsync(machine, LeaveReasons.Shutdown, seconds: 300).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Ct);

        Assert.False((await JoinLab.ReadAsync(left, JoinJson.Default.LeaveAnswer)).Deleted);
        Assert.True((await lab.NodeAsync(machine))!.Metadata.Annotations!.ContainsKey(Marks.Left));
    }

    [Fact]
    public async Task Whoever_joins_is_still_looked_up_on_a_list_of_this_minute()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = await KnownAsync(lab);
        lab.Cloud.Held = Task.CompletedTask;
        lab.Cloud.Remove(machine);

        using var response = await lab.JoinAsync(machine);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    /// <summary>A machine whose node is up, and which the cloud listed before it fell silent.</summary>
    private static async Task<Machine> KnownAsync(JoinLab lab)
    {
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        using (var nothing = await lab.NoticeAsync(machine))
        {
            Assert.Equal(HttpStatusCode.OK, nothing.StatusCode);
        }

        lab.Cloud.Held = Never();
        lab.Clock.SetForward(Old);
        return machine;
    }

    private static Task Never() => new TaskCompletionSource().Task;
}
