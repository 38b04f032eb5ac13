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
        await using var lab = await JoinLab.StartAsync((lab, options) => options with { AgentsDirectory = LargeAgent(lab) });
        var silent = await ConnectAsync(lab, tls: false);
        var headers = await ConnectAsync(lab, tls: true);
        await headers.WriteAsync("POST /v1/join HTTP/1.1\r\nHost"u8.ToArray(), Ct);
        var body = await ConnectAsync(lab, tls: true);
        await body.WriteAsync("POST /v1/join HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n{"u8.ToArray(), Ct);
        var drippedHeaders = await ConnectAsync(lab, tls: true);
        await drippedHeaders.WriteAsync("POST /v1/join HTTP/1.1\r\nHost: h\r\nX: "u8.ToArray(), Ct);
        var drippedBody = await ConnectAsync(lab, tls: true);
        await drippedBody.WriteAsync("POST /v1/join HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n{"u8.ToArray(), Ct);
        var reader = await ConnectAsync(lab, tls: true, receiveBuffer: 4096);
        await reader.WriteAsync("GET /agent/amd64 HTTP/1.1\r\nHost: h\r\n\r\n"u8.ToArray(), Ct);

        await StillAdmitsAsync(lab);

        // None of them ends by itself: what is waited for is that the server ends them.
        await Task.WhenAll(EndOfAsync(silent), EndOfAsync(headers), EndOfAsync(body), DripAsync(drippedHeaders), DripAsync(drippedBody), DripAsync(reader))
            .WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Ct);
    }

    [Fact]
    public async Task Beyond_the_most_connections_others_are_closed_and_those_that_are_there_go_on()
    {
        await using var lab = await JoinLab.StartAsync(options => options with { MostConnections = 8 });
        await StillAdmitsAsync(lab);

        var (ended, others) = await HoldAsync(lab, connections: 32, untilEnded: 25, from: "127.0.0.1");
        await StillAdmitsAsync(lab, machine: 2);

        Assert.Equal((25, 7), (ended, others.Count));
        others.ForEach(stream => stream.Dispose());
    }

    [Fact]
    public async Task One_address_that_opens_more_connections_than_its_share_leaves_room_for_others()
    {
        await using var lab = await JoinLab.StartAsync(options => options with { MostConnections = 24, MostConnectionsPerAddress = 16 });
        using var newcomer = lab.NewClient(from: IPAddress.Parse("127.0.0.5"));
        using var same = lab.NewClient(from: IPAddress.Parse("127.0.0.4"));

        var (ended, others) = await HoldAsync(lab, connections: 48, untilEnded: 32, from: "127.0.0.4");
        using var given = await newcomer.PostAsync(JoinPaths.Nonce, null, Ct);
        await Assert.ThrowsAsync<HttpRequestException>(() => same.PostAsync(JoinPaths.Nonce, null, Ct));
        others.ForEach(stream => stream.Dispose());

        Assert.Equal((32, 16, HttpStatusCode.OK), (ended, others.Count, given.StatusCode));
        await JoinLab.UntilAsync(async () =>
        {
            try
            {
                using var after = await same.PostAsync(JoinPaths.Nonce, null, Ct);
                return after.StatusCode is HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    [Fact]
    public async Task One_address_that_fetches_all_it_may_leaves_places_for_others()
    {
        await using var lab = await JoinLab.StartAsync((lab, options) => options with { AgentsDirectory = LargeAgent(lab), MostDownloadsPerAddress = 2 });
        using var same = lab.NewClient(from: IPAddress.Parse("127.0.0.4"));
        using var newcomer = lab.NewClient(from: IPAddress.Parse("127.0.0.5"));
        var readers = new List<Stream>();
        for (var i = 0; i < 2; i++)
        {
            var reader = await ConnectAsync(lab, tls: true, from: "127.0.0.4", receiveBuffer: 4096);
            await reader.WriteAsync("GET /agent/amd64 HTTP/1.1\r\nHost: h\r\n\r\n"u8.ToArray(), Ct);
            Assert.True(await reader.ReadAsync(new byte[1], Ct) > 0);
            readers.Add(reader);
        }

        using var third = await same.GetAsync("/agent/amd64", Ct);
        using var elsewhere = await newcomer.GetAsync("/agent/amd64", Ct);
        readers.ForEach(reader => reader.Dispose());

        Assert.Equal((HttpStatusCode.TooManyRequests, HttpStatusCode.OK), (third.StatusCode, elsewhere.StatusCode));
        await JoinLab.UntilAsync(async () =>
        {
            using var after = await same.GetAsync("/agent/amd64", Ct);
            return after.StatusCode is HttpStatusCode.OK;
        });
    }

    [Fact]
    public async Task One_address_that_asks_too_often_is_told_to_wait_and_others_are_not()
    {
        await using var lab = await JoinLab.StartAsync(options => options with { PerAddress = new(1, 10) });
        using var other = lab.NewClient(from: IPAddress.Parse("127.0.0.3"));

        // However slow this machine is: nothing is added to what the address has.
        lab.Clock.Hold();
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 30; i++)
        {
            using var response = await lab.Http.PostAsync(JoinPaths.Nonce, null, Ct);
            answers.Add(response.StatusCode);
            Assert.Equal(response.StatusCode is HttpStatusCode.TooManyRequests, response.Headers.RetryAfter is not null);
        }

        using var elsewhere = await other.PostAsync(JoinPaths.Nonce, null, Ct);

        Assert.Equal(10, answers.Count(code => code is HttpStatusCode.OK));
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

    /// <summary>More than fits into all buffers between two programs.</summary>
    private static string LargeAgent(JoinLab lab)
    {
        var folder = Directory.CreateDirectory(Path.Combine(lab.Folder, "agents")).FullName;
        using var file = File.Create(Path.Combine(folder, "amd64"));
        file.SetLength(8 << 20);
        return folder;
    }

    /// <summary>Opens connections that say nothing, until so many have been ended by the server.</summary>
    /// <returns>How many were, and those that were not.</returns>
    private static async Task<(int Ended, List<Stream> Others)> HoldAsync(JoinLab lab, int connections, int untilEnded, string from)
    {
        var held = new List<(Stream Stream, Task End)>();
        for (var i = 0; i < connections; i++)
        {
            var stream = await ConnectAsync(lab, tls: false, from);
            held.Add((stream, EndOfAsync(stream)));
        }

        await JoinLab.UntilAsync(() => Task.FromResult(held.Count(one => one.End.IsCompleted) >= untilEnded));
        return (held.Count(one => one.End.IsCompleted), [.. held.Where(one => !one.End.IsCompleted).Select(one => one.Stream)]);
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
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Reset is an end as well.
        }

        await stream.DisposeAsync();
    }

    /// <summary>Sends a byte now and then, and reads nothing, until the server has ended the connection.</summary>
    private static async Task DripAsync(Stream stream)
    {
        try
        {
            while (true)
            {
                await stream.WriteAsync("x"u8.ToArray(), Ct);
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, Ct);
            }
        }
        catch (IOException)
        {
            await stream.DisposeAsync();
        }
    }
}
