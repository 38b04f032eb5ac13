using System.Net;
using Ebb.Joining;
using Ebb.Tests.Joining.Lab;
using static Ebb.Tests.Joining.Lab.RawClient;

namespace Ebb.Tests.Joining;

/// <summary>How much of a join server one client, one address and one machine may have.</summary>
public sealed class LimitsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Slow_clients_are_let_go_and_hold_up_nobody()
    {
        await using var lab = await JoinLab.StartAsync();
        var started = TimeProvider.System.GetTimestamp();
        var silent = await ConnectAsync(lab, tls: false);
        var headers = await ConnectAsync(lab, tls: true);
        await headers.WriteAsync("POST /v1/join HTTP/1.1\r\nHost"u8.ToArray(), Ct);
        var body = await ConnectAsync(lab, tls: true);
        await body.WriteAsync("POST /v1/join HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n{"u8.ToArray(), Ct);

        await StillAdmitsAsync(lab);
        await Task.WhenAll(EndOfAsync(silent), EndOfAsync(headers), EndOfAsync(body));

        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(25), "slow clients were kept for long");
    }

    [Fact]
    public async Task Beyond_the_most_connections_others_are_closed_and_those_that_are_there_go_on()
    {
        await using var lab = await JoinLab.StartAsync(options => options with { MostConnections = 8 });
        await StillAdmitsAsync(lab);
        var held = new List<Stream>();
        for (var i = 0; i < 32; i++)
        {
            held.Add(await ConnectAsync(lab, tls: false));
        }

        await StillAdmitsAsync(lab, machine: 2);
        foreach (var stream in held)
        {
            await stream.DisposeAsync();
        }
    }

    [Fact]
    public async Task One_address_that_asks_too_often_is_told_to_wait_and_others_are_not()
    {
        await using var lab = await JoinLab.StartAsync(options => options with { PerAddress = new(1, 10) });
        using var other = lab.NewClient(from: IPAddress.Parse("127.0.0.3"));

        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 30; i++)
        {
            using var response = await lab.Http.PostAsync(JoinPaths.Nonce, null, Ct);
            answers.Add(response.StatusCode);
            Assert.Equal(response.StatusCode is HttpStatusCode.TooManyRequests, response.Headers.RetryAfter is not null);
        }

        using var elsewhere = await other.PostAsync(JoinPaths.Nonce, null, Ct);

        Assert.InRange(answers.Count(code => code is HttpStatusCode.OK), 10, 14);
        Assert.Equal(HttpStatusCode.OK, elsewhere.StatusCode);
    }

    [Fact]
    public async Task One_address_gets_no_more_nonces_than_its_share()
    {
        await using var lab = await JoinLab.StartAsync(options => options with { MostNoncesPerAddress = 4 });
        for (var i = 0; i < 4; i++)
        {
            await lab.NonceAsync();
        }

        using var response = await lab.Http.PostAsync(JoinPaths.Nonce, null, Ct);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
    }

    [Fact]
    public async Task One_machine_gets_no_more_tokens_than_its_share()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 10; i++)
        {
            using var response = await lab.JoinAsync(machine);
            answers.Add(response.StatusCode);
        }

        Assert.Equal(6, answers.Count(code => code is HttpStatusCode.OK));
        Assert.Single(await lab.TokensAsync());
    }

    [Fact]
    public async Task Strangers_do_not_make_the_cloud_be_read_again_and_again()
    {
        await using var lab = await JoinLab.StartAsync();
        for (var i = 0; i < 20; i++)
        {
            var stranger = lab.AddMachine(i);
            lab.Cloud.Remove(stranger);
            using var response = await lab.JoinAsync(stranger);
            Assert.Contains(response.StatusCode, new[] { HttpStatusCode.Forbidden, HttpStatusCode.Conflict });
        }

        Assert.InRange(lab.Cloud.Reads, 1, 5);
    }

    private static async Task EndOfAsync(Stream stream)
    {
        var buffer = new byte[1024];
        try
        {
            while (await stream.ReadAsync(buffer, Ct) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset is an end as well.
        }

        await stream.DisposeAsync();
    }
}
