using System.Net;
using System.Net.Http.Json;
using Ebb.Joining;
using Ebb.Pools;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Joining;

/// <summary>Of all tokens that a machine is given, the one that it was given last is good, until it is a node; also where things go wrong.</summary>
public sealed class TokensTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_that_cannot_be_made_void_when_its_node_comes_is_made_void_later()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        using var response = await lab.JoinAsync(machine);
        var answer = await JoinLab.ReadAsync(response, JoinJson.Default.JoinAnswer);
        var refused = RefuseRevoking(lab);

        await lab.AddNodeAsync(machine, ready: false);
        await JoinLab.UntilAsync(() => Task.FromResult(refused() > 0));
        lab.ApiAnswers = _ => null;

        await JoinLab.UntilAsync(async () => await lab.TokenAsync(answer) is null);
    }

    [Fact]
    public async Task A_machine_that_boots_so_fast_that_its_node_was_never_down_has_come_all_the_same()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        using var left = await lab.LeaveAsync(machine, LeaveReasons.Reboot, 2);
        using var response = await lab.JoinAsync(machine, fresh: false);
        var answer = await JoinLab.ReadAsync(response, JoinJson.Default.JoinAnswer);
        Assert.NotNull(await lab.TokenAsync(answer));

        await lab.SetBootAsync(machine, "the next");

        await JoinLab.UntilAsync(async () => await lab.TokenAsync(answer) is null);
    }

    [Fact]
    public async Task No_other_token_is_given_while_the_one_before_cannot_be_made_void()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        using var first = await lab.JoinAsync(machine);
        RefuseRevoking(lab);

        using var second = await lab.JoinAsync(machine);
        lab.ApiAnswers = _ => null;
        using var third = await lab.JoinAsync(machine);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, second.StatusCode);
        Assert.Single(await lab.TokensAsync());
        Assert.NotNull(await lab.TokenAsync(await JoinLab.ReadAsync(third, JoinJson.Default.JoinAnswer)));
    }

    [Fact]
    public async Task Requests_of_one_machine_at_once_leave_one_token_that_is_good()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);

        var responses = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => lab.JoinAsync(machine)));

        Assert.All(responses, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        var answers = await Task.WhenAll(responses.Select(response => JoinLab.ReadAsync(response, JoinJson.Default.JoinAnswer)));
        var good = await Task.WhenAll(answers.Select(lab.TokenAsync));
        Assert.Single(good, token => token is not null);
        Assert.Single(await lab.TokensAsync());
    }

    [Fact]
    public async Task A_request_that_its_machine_has_given_up_takes_nothing_from_the_next_one()
    {
        await using var lab = await JoinLab.StartAsync();
        JoinAnswer? last = null;

        // Nothing tells when the server has noticed that a machine hung up: where it was asked too soon, another machine gives it longer.
        var machines = 0;
        for (var moment = TimeSpan.FromSeconds(0.5); !lab.Audit.Contains("\"outcome\":\"hung-up\"", StringComparison.Ordinal); moment *= 2)
        {
            Assert.True(moment < TimeSpan.FromSeconds(20), lab.Audit);
            last = await GiveUpAndAskAgainAsync(lab, lab.AddMachine(++machines), moment);
        }

        Assert.Equal(machines, (await lab.TokensAsync()).Count);
        Assert.NotNull(await lab.TokenAsync(last!));
    }

    /// <summary>Both requests wait for the cloud until a moment after the first was given up.</summary>
    /// <returns>The answer to the second one.</returns>
    private static async Task<JoinAnswer> GiveUpAndAskAgainAsync(JoinLab lab, Machine machine, TimeSpan moment)
    {
        var (answered, asked) = (Joins(), lab.Cloud.Asked);
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lab.Cloud.Held = held.Task;
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var request = new JoinRequest { Proof = await lab.ProofAsync(machine), Fresh = true };
        var first = lab.Http.PostAsync(JoinPaths.Join, JsonContent.Create(request, JoinJson.Default.JoinRequest), giveUp.Token);
        await JoinLab.UntilAsync(() => Task.FromResult(lab.Cloud.Asked > asked));

        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        var second = lab.JoinAsync(machine);
        await Task.Delay(moment, TimeProvider.System, Ct);
        held.SetResult();
        using var response = await second;
        await JoinLab.UntilAsync(() => Task.FromResult(Joins() == answered + 2));

        // By then the cloud may be read for another machine that the server does not know.
        lab.Clock.SetForward(TimeSpan.FromMinutes(1));
        return await JoinLab.ReadAsync(response, JoinJson.Default.JoinAnswer);

        int Joins() => lab.Audit.Split("\"asked\":\"join\"").Length;
    }

    /// <returns>How often it was refused.</returns>
    private static Func<int> RefuseRevoking(JoinLab lab)
    {
        var refused = 0;
        lab.ApiAnswers = request =>
        {
            if (request.Method != HttpMethod.Delete || !request.RequestUri!.AbsolutePath.Contains("bootstrap-token-", StringComparison.Ordinal))
            {
                return null;
            }

            Interlocked.Increment(ref refused);
            return new HttpResponseMessage(HttpStatusCode.InternalServerError) { Content = new StringContent("no") };
        };
        return () => Volatile.Read(ref refused);
    }
}
