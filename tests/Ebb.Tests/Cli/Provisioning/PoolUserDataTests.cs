using System.Collections.Concurrent;
using System.Net;
using Ebb.Cli.Provisioning;
using Ebb.Joining;
using Ebb.Simulation;
using Ebb.Tests.Kubernetes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Cli.Provisioning;

public class PoolUserDataTests
{
    private static readonly TimeSpan Half = PoolUserData.Lifetime / 2;

    [Fact]
    public async Task A_token_is_renewed_long_before_its_time_is_over_and_an_outage_only_delays_that()
    {
        var time = new VirtualTime();
        using var api = new FakeApi();
        var down = false;
        api.Otherwise = asked => down
            ? FakeApi.Response(HttpStatusCode.InternalServerError, FakeApi.Status(500, "InternalError"))
            : FakeApi.Response(HttpStatusCode.OK, asked.Method == HttpMethod.Get ? """{"kind":"SecretList","items":[]}""" : "{}");
        using var client = api.Client(time);
        var published = new ConcurrentQueue<BootstrapToken>();
        var userData = new PoolUserData(
            new BootstrapTokens(client, time),
            (token, _) =>
            {
                published.Enqueue(token);
                return Task.CompletedTask;
            },
            time,
            new Random(1),
            NullLogger<PoolUserData>.Instance);
        using var end = new CancellationTokenSource();

        var first = await userData.FirstAsync(TestContext.Current.CancellationToken);
        var running = userData.RunAsync(end.Token);
        await UntilAsync(() => published.Count == 1, time, Half);
        down = true;
        var asked = api.Requests.Count;
        await UntilAsync(() => api.Requests.Count > asked + 2, time, Half);
        down = false;
        await UntilAsync(() => published.Count == 2, time, Half);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        var tokens = published.Prepend(first).ToList();
        Assert.Equal(3, tokens.Select(token => token.Secret).Distinct().Count());
        Assert.All(tokens.Zip(tokens.Skip(1)), pair => Assert.True(pair.Second.ExpiresAt - PoolUserData.Lifetime < pair.First.ExpiresAt));
    }

    private static async Task UntilAsync(Func<bool> isSo, VirtualTime time, TimeSpan within)
    {
        for (var passed = TimeSpan.Zero; !isSo() && passed < within; passed += TimeSpan.FromSeconds(1))
        {
            time.Advance(TimeSpan.FromSeconds(1));
            for (var turn = 0; turn < 20 && !isSo(); turn++)
            {
                await Task.Yield();
            }
        }

        Assert.True(isSo());
    }
}
