using System.Net;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>Every request that changes something, struck by every kind of trouble: the same run, or the next, ends well.</summary>
public class FaultMatrixTests
{
    public static TheoryData<string> Troubles => ["answer lost", "too many", "server error", "crash"];

    [Theory]
    [MemberData(nameof(Troubles))]
    public void Up_ends_well_whatever_becomes_of_any_request(string trouble)
    {
        foreach (var call in Calls(c => c.Up()))
        {
            using var struck = new CloudCase();
            Strike(struck, call, trouble);

            RunTwice(() => struck.Up(), trouble);

            Assert.True(struck.World.FindMachine("farm-compute", "farm-control-plane-0") is not null, $"{trouble} at {call}");
            Assert.True(struck.World.Find("farm-compute", "agents") is { Capacity: 1 }, $"{trouble} at {call}");
            struck.Wire.Calls.Clear();
            struck.Up();
            Assert.True(!struck.Wire.Writes.Any(), $"{trouble} at {call}: {string.Join(", ", struck.Wire.Writes)}");
        }
    }

    [Theory]
    [MemberData(nameof(Troubles))]
    public void Down_ends_well_whatever_becomes_of_any_request(string trouble)
    {
        using var first = new CloudCase();
        first.Up();
        first.Wire.Calls.Clear();
        first.Down();
        foreach (var call in Changing(first.Wire.Calls))
        {
            using var struck = new CloudCase();
            struck.Up();
            Strike(struck, call, trouble);

            RunTwice(() => struck.Down(), trouble);

            Assert.False(struck.World.GroupExists("farm-compute") || struck.World.GroupExists("farm-storage"), $"{trouble} at {call}");
        }
    }

    private static List<string> Calls(Action<CloudCase> run)
    {
        using var clean = new CloudCase();
        run(clean);
        return Changing(clean.Wire.Calls);
    }

    // One of each: files and directories of the share are alike.
    internal static List<string> Changing(IEnumerable<string> calls) =>
        [.. calls.Where(c => !c.StartsWith("GET ", StringComparison.Ordinal)).Select(c => c.Split('?')[0]).Distinct()];

    internal static void Strike(CloudCase struck, string call, string trouble) => Strike(struck.Wire, call, trouble);

    internal static void Strike(Wire struck, string call, string trouble)
    {
        var done = false;
        switch (trouble)
        {
            case "too many":
                struck.Once(call, HttpStatusCode.TooManyRequests, """{"error":{"code":"SubscriptionRequestsThrottled","message":"Slower."}}""", retryAfter: 5);
                break;
            case "server error":
                struck.Once(call, HttpStatusCode.InternalServerError, """{"error":{"code":"InternalServerError","message":"Oh."}}""");
                break;
            default:
                struck.After = (_, request) =>
                {
                    if (!done && Wire.Name(request).StartsWith(call, StringComparison.Ordinal))
                    {
                        done = true;
                        throw trouble == "crash" ? new CrashException() : new HttpRequestException(HttpRequestError.ResponseEnded, "The answer was lost.");
                    }
                };
                break;
        }
    }

    internal static void RunTwice(Action run, string trouble)
    {
        if (trouble == "crash")
        {
            Assert.Throws<CrashException>(run);
        }

        run();
    }

    private sealed class CrashException : Exception;
}
