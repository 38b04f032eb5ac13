using System.Net;
using Ebb.Joining;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Joining;

/// <summary>A whole cluster's machines that boot at the same time. EBB_JOINS says how many (default 200); bench/ measures 10,000.</summary>
public sealed class BurstTests(ITestOutputHelper output)
{
    // As many as would be open at once if every machine had its own, and more than the server keeps.
    private const int Clients = 64;

    [Fact]
    public async Task Machines_that_come_all_at_once_are_all_admitted_each_with_a_token_of_its_own()
    {
        var count = int.TryParse(Environment.GetEnvironmentVariable("EBB_JOINS"), out var asked) ? asked : 200;
        await using var lab = await JoinLab.StartAsync(options => options with
        {
            PerAddress = new(1e6, 1_000_000),
            InTotal = new(1e6, 1_000_000),
            MostNoncesPerAddress = 20_000,
        });
        var machines = Enumerable.Range(0, count).Select(i => lab.AddMachine(i)).ToList();
        var clients = Enumerable.Range(0, Clients).Select(_ => lab.NewClient(connections: 16)).ToList();
        var again = 0;
        var started = TimeProvider.System.GetTimestamp();
        var took = new double[count];

        var tokens = await Task.WhenAll(machines.Select((machine, i) => AdmitAsync(i)));

        var all = TimeProvider.System.GetElapsedTime(started);
        Array.Sort(took);
        output.WriteLine(
            $"{count} machines admitted in {all.TotalSeconds:0.0} s, {count / all.TotalSeconds:0} a second; one took {took[count / 2]:0.00} s in the middle, "
            + $"{took[^1]:0.00} s at most; {again} were asked to come back; memory {Environment.WorkingSet >> 20} MiB");
        Assert.Equal(count, tokens.Distinct().Count());
        Assert.InRange(lab.Cloud.Reads, 1, 5 + (int)(all.TotalSeconds / 5));
        clients.ForEach(client => client.Dispose());

        async Task<string> AdmitAsync(int i)
        {
            // Off the caller's own thread, so that all of them begin before any ends.
            await Task.Yield();
            while (true)
            {
                var client = clients[i % Clients];
                using var given = await client.PostAsync(JoinPaths.Nonce, null, TestContext.Current.CancellationToken);
                if (given.StatusCode is HttpStatusCode.OK)
                {
                    var nonce = (await JoinLab.ReadAsync(given, JoinJson.Default.NonceAnswer)).Nonce;
                    var document = lab.Attestor.Sign(Attestor.Content(machines[i].VmId, nonce, JoinLab.Subscription, TimeProvider.System.GetUtcNow()));
                    using var response = await lab.JoinAsync(JoinLab.ProofOf(nonce, document), client);
                    if (response.StatusCode is HttpStatusCode.OK)
                    {
                        took[i] = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
                        return (await JoinLab.ReadAsync(response, JoinJson.Default.JoinAnswer)).Token;
                    }

                    Assert.True(response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.Conflict, $"{response.StatusCode}");
                }

                Interlocked.Increment(ref again);
                await Task.Delay(TimeSpan.FromSeconds(0.5), TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }
    }
}
