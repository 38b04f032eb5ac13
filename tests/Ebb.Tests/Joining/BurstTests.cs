using System.Net;
using Ebb.Joining;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Joining;

/// <summary>
/// A whole cluster's machines that boot at the same time: more than a server hears at once. EBB_JOINS says how many (default 2,100);
/// bench/ measures 10,000.
/// </summary>
public sealed class BurstTests(ITestOutputHelper output)
{
    // With 16 connections each: no more than wait at the server for as long as it lets them, also where it is slow.
    private const int Clients = 32;

    // A nonce and a proof from each.
    private const int Requests = 2;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Machines_that_come_all_at_once_are_all_admitted_each_with_a_token_of_its_own_and_those_beyond_the_limit_when_they_come_again()
    {
        var count = int.TryParse(Environment.GetEnvironmentVariable("EBB_JOINS"), out var asked) ? asked : 2_100;

        // The limit in all is the one that it ships with; all machines come from one address.
        await using var lab = await JoinLab.StartAsync(options => options with { PerAddress = options.InTotal, MostNoncesPerAddress = 20_000 });
        var limit = lab.Options.InTotal.Burst;
        var machines = Enumerable.Range(0, count).Select(i => lab.AddMachine(i)).ToList();
        var clients = Enumerable.Range(0, Clients).Select(_ => lab.NewClient(connections: 16)).ToList();
        var (busy, again) = (0, 0);
        var took = new double[count];

        // However slow this machine is: nobody is let in for having come late until somebody has been told to.
        lab.Clock.Hold();
        var started = TimeProvider.System.GetTimestamp();

        var tokens = await Task.WhenAll(machines.Select((machine, i) => AdmitAsync(i)));

        var all = TimeProvider.System.GetElapsedTime(started);
        Array.Sort(took);
        output.WriteLine(
            $"{count} machines admitted in {all.TotalSeconds:0.0} s, {count / all.TotalSeconds:0} a second; one took {took[count / 2]:0.00} s in the middle, "
            + $"{took[^1]:0.00} s at most; {busy} were told that it was too much, {again} were asked to come back; memory {Environment.WorkingSet >> 20} MiB");
        Assert.Equal(count, tokens.Distinct().Count());
        Assert.Equal(count * Requests > limit, busy > 0);
        Assert.InRange(lab.Cloud.Reads, 1, 5 + (int)(all.TotalSeconds / 5));
        clients.ForEach(client => client.Dispose());

        async Task<string> AdmitAsync(int i)
        {
            // Off the caller's own thread, so that all of them begin before any ends.
            await Task.Yield();
            while (true)
            {
                var client = clients[i % Clients];
                using var given = await client.PostAsync(JoinPaths.Nonce, null, Ct);
                var answer = given;
                if (given.StatusCode is HttpStatusCode.OK)
                {
                    var nonce = (await JoinLab.ReadAsync(given, JoinJson.Default.NonceAnswer)).Nonce;
                    var document = lab.Attestor.Sign(Attestor.Content(machines[i].VmId, nonce, JoinLab.Subscription, TimeProvider.System.GetUtcNow()));
                    answer = await lab.JoinAsync(JoinLab.ProofOf(nonce, document), client);
                }

                using (answer)
                {
                    if (answer.StatusCode is HttpStatusCode.OK)
                    {
                        took[i] = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
                        return (await JoinLab.ReadAsync(answer, JoinJson.Default.JoinAnswer)).Token;
                    }

                    Assert.True(answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.Conflict, $"{answer.StatusCode}");
                    if (answer.StatusCode is HttpStatusCode.TooManyRequests)
                    {
                        Interlocked.Increment(ref busy);
                        lab.Clock.GoOn();
                    }
                    else
                    {
                        Interlocked.Increment(ref again);
                    }

                    await Task.Delay(answer.Headers.RetryAfter!.Delta!.Value, TimeProvider.System, Ct);
                }
            }
        }
    }
}
