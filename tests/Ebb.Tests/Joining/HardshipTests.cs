using System.Net;
using Ebb.Joining;
using Ebb.Tests.Joining.Lab;
using static Ebb.Tests.Joining.Lab.RawClient;

namespace Ebb.Tests.Joining;

/// <summary>What arrives from the network when nobody means well: too large, nonsense, and what is not HTTP at all.</summary>
public sealed class HardshipTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"proof\":{}}")]
    [InlineData("{\"proof\":{\"kind\":\"azure-attested-document\",\"nonce\":\"n\",\"document\":\"d\"}")]
    [InlineData("{\"proof\":{\"kind\":1,\"nonce\":\"n\",\"document\":\"d\"}}")]
    [InlineData("\"\\ud800\"")]
    public async Task What_is_no_request_is_a_bad_request(string body)
    {
        await using var lab = await JoinLab.StartAsync();

        using var response = await lab.PostAsync(JoinPaths.Join, body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("bad-request", (await JoinLab.ReadAsync(response, JoinJson.Default.JoinError)).Error);
    }

    [Fact]
    public async Task JSON_that_is_nested_without_end_is_a_bad_request()
    {
        await using var lab = await JoinLab.StartAsync();

        using var response = await lab.PostAsync(JoinPaths.Join, $"{{\"proof\":{new string('[', 20_000)}");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData(70_000)]
    [InlineData(50_000_000)]
    public async Task A_body_that_is_too_large_is_not_read(int length)
    {
        await using var lab = await JoinLab.StartAsync();

        // The server says no while the client is still sending, which some clients take for a broken connection.
        var answer = await AnswerAsync(lab, $"POST /v1/join HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");

        Assert.Contains("413", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_in_pieces_is_bounded_too()
    {
        await using var lab = await JoinLab.StartAsync();
        var piece = new string('x', 60_000);

        var answer = await AnswerAsync(
            lab, $"POST /v1/join HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nea63\r\n\"{piece[..^3]}  \r\nea60\r\n{piece}\r\n0\r\n\r\n");

        Assert.Matches("^HTTP/1.1 (400|413)", answer);
    }

    [Theory]
    [InlineData("NONSENSE\r\n\r\n")]
    [InlineData("GET / HTTP/9.9\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("POST /v1/join HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST /v1/join HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost : h\r\n\r\n")]
    [InlineData("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n")]
    public async Task What_is_not_HTTP_ends_the_connection(string request)
    {
        await using var lab = await JoinLab.StartAsync();

        var answer = await AnswerAsync(lab, request);

        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 4", StringComparison.Ordinal) || answer.StartsWith("HTTP/1.1 505", StringComparison.Ordinal), answer);
        await StillAdmitsAsync(lab);
    }

    [Fact]
    public async Task Headers_are_bounded_in_number_and_in_all()
    {
        await using var lab = await JoinLab.StartAsync();
        var many = string.Concat(Enumerable.Range(0, 100).Select(i => $"X-{i}: y\r\n"));

        Assert.StartsWith("HTTP/1.1 431", await AnswerAsync(lab, $"GET /healthz HTTP/1.1\r\nHost: h\r\n{many}\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431", await AnswerAsync(lab, $"GET /healthz HTTP/1.1\r\nHost: h\r\nX: {new string('y', 20_000)}\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 414", await AnswerAsync(lab, $"GET /{new string('y', 20_000)} HTTP/1.1\r\nHost: h\r\n\r\n"), StringComparison.Ordinal);
    }
}
