using System.Diagnostics.Metrics;
using System.Net;
using Ebb.Controller.Joining;
using Ebb.Controller.Metrics;

namespace Ebb.Tests.Metrics;

public sealed class MetricsServerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_join_server_counts_is_served_until_it_ends()
    {
        await using var server = await MetricsServer.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), Ct);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server.Address}") };
        var asked = $"test-{Guid.NewGuid():n}";

        // Other tests' join servers may count beside it: the word is this one's alone.
        using (var counts = new JoinCounts(() => 3, () => 2))
        {
            counts.Count(asked, "granted");
            counts.Count(asked, "granted");
            counts.Count(asked, "not \"a\" member\n");
            var text = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Ct);

            Assert.Contains("# TYPE ebb_join_answers_total counter\n", text, StringComparison.Ordinal);
            Assert.Contains($"ebb_join_answers_total{{asked=\"{asked}\",outcome=\"granted\"}} 2\n", text, StringComparison.Ordinal);
            Assert.Contains($"ebb_join_answers_total{{asked=\"{asked}\",outcome=\"not \\\"a\\\" member\\n\"}} 1\n", text, StringComparison.Ordinal);
            Assert.Matches(@"(?m)^# TYPE ebb_join_connections gauge$\n^ebb_join_connections \d+$", text);
            Assert.Matches(@"(?m)^# HELP ebb_join_expected Machines that have a token and are not nodes yet\.$", text);
        }

        Assert.DoesNotContain(asked, await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_else_is_answered_and_nobody_else_s_meters_are_shown()
    {
        await using var server = await MetricsServer.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), Ct);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server.Address}") };
        using var theirs = new Meter("Theirs");
        theirs.CreateCounter<long>("theirs.secret").Add(1);

        var other = await http.GetAsync(new Uri("/", UriKind.Relative), Ct);
        var post = await http.PostAsync(new Uri("/metrics", UriKind.Relative), null, Ct);

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (other.StatusCode, post.StatusCode));
        Assert.DoesNotContain("theirs", await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Ct), StringComparison.Ordinal);
    }
}
