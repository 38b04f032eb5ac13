using System.Collections.Immutable;
using System.Net;
using System.Text.RegularExpressions;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Clouds;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>Every request that changes something, and one of each kind that reads, struck by every kind of trouble: the same run, or the next, ends well.</summary>
[Trait("Suite", "sim")]
public partial class FaultMatrixTests
{
    internal const string OperationFails = "operation fails";

    private const string Reads = " of a read";

    internal static readonly ImmutableArray<string> OfWrites = ["answer lost", "too many", "server error", OperationFails, "crash"];

    public static TheoryData<string> Troubles => [.. OfWrites, $"answer lost{Reads}", $"server error{Reads}", $"too many{Reads}"];

    [Theory]
    [MemberData(nameof(Troubles))]
    public void Up_ends_well_whatever_becomes_of_any_request(string trouble)
    {
        using var clean = new CloudCase();
        clean.Up();
        foreach (var call in Struck(clean.Wire.Calls, trouble))
        {
            using var struck = new CloudCase();
            Strike(struck.Wire, struck.World, call, trouble);

            RunTwice(() => struck.Up(), trouble);

            AssertUp(struck, $"{trouble} at {call}");
        }
    }

    [Theory]
    [MemberData(nameof(Troubles))]
    public void Down_ends_well_whatever_becomes_of_any_request(string trouble)
    {
        foreach (var scope in Enum.GetValues<DownScope>())
        {
            using var clean = Standing(scope);
            clean.Down(scope);
            foreach (var call in Struck(clean.Wire.Calls, trouble))
            {
                using var struck = Standing(scope);
                Strike(struck.Wire, struck.World, call, trouble);

                RunTwice(() => struck.Down(scope), trouble);

                AssertGone(struck, $"{scope}, {trouble} at {call}", scope);
            }
        }
    }

    [Fact]
    public void Up_ends_well_whichever_resource_of_a_deployment_fails()
    {
        foreach (var type in Types())
        {
            using var struck = new CloudCase();
            struck.World.Faults.Add(Failing(type));

            var failed = Assert.Throws<CloudException>(() => struck.Up());

            Assert.Contains($"- {type} '", failed.Message, StringComparison.OrdinalIgnoreCase);
            Assert.True(struck.World.Faults.InForce.IsEmpty, $"{type}: {failed.Message}");
            struck.Up();
            AssertUp(struck, type);
        }
    }

    [Fact]
    public void Down_ends_well_whichever_resource_cannot_be_deleted_at_first()
    {
        List<string> failed = [];
        foreach (var type in Types())
        {
            using var struck = new CloudCase();
            struck.Up();
            struck.World.Faults.Add(new Fault { Kind = FaultKind.FailOperation, ResourceType = type, Count = 1 });

            struck.Down();

            AssertGone(struck, type);
            if (struck.World.Faults.InForce.IsEmpty)
            {
                failed.Add(type);
            }
        }

        // All others go at once: no operation can fail.
        Assert.Equal(
            [
                "Microsoft.Compute/virtualMachines",
                "Microsoft.Network/networkInterfaces",
                "Microsoft.Network/networkSecurityGroups",
                "Microsoft.Network/publicIPAddresses",
                "Microsoft.Network/virtualNetworks",
            ],
            failed.Order(StringComparer.Ordinal));
    }

    internal static List<string> Struck(IEnumerable<string> calls, string trouble) =>
    [
        .. from call in calls
           where call.StartsWith("GET ", StringComparison.Ordinal) == trouble.EndsWith(Reads, StringComparison.Ordinal)
           where trouble != OperationFails || call.Contains(" /subscriptions/", StringComparison.Ordinal)
           group Wire.KindOf(call) by trouble.EndsWith(Reads, StringComparison.Ordinal) ? Numbers().Replace(Wire.KindOf(call), "#") : Wire.KindOf(call) into alike
           select alike.First(),
    ];

    /// <summary>The first request of this kind.</summary>
    /// <param name="world">Where operations fail.</param>
    internal static void Strike(Wire struck, CloudWorld world, string call, string trouble)
    {
        var done = false;
        switch (trouble.Replace(Reads, "", StringComparison.Ordinal))
        {
            case "too many":
                struck.Once(Is, HttpStatusCode.TooManyRequests, """{"error":{"code":"SubscriptionRequestsThrottled","message":"Slower."}}""", retryAfter: 5);
                break;
            case "server error":
                struck.Once(Is, HttpStatusCode.InternalServerError, """{"error":{"code":"InternalServerError","message":"Oh."}}""");
                break;
            case OperationFails:
                struck.Before = request =>
                {
                    if (!done && Is(Wire.Name(request)))
                    {
                        done = true;
                        world.Faults.Add(new Fault { Kind = FaultKind.FailOperation, Count = 1, Code = "InternalOperationError" });
                    }
                };
                break;
            default:
                struck.After = (_, request) =>
                {
                    if (!done && Is(Wire.Name(request)))
                    {
                        done = true;
                        throw trouble == "crash" ? new CrashException() : new HttpRequestException(HttpRequestError.ResponseEnded, "The answer was lost.");
                    }
                };
                break;
        }

        bool Is(string asked) => Wire.KindOf(asked) == call;
    }

    internal static void RunTwice(Action run, string trouble)
    {
        switch (trouble)
        {
            case "crash":
                Assert.Throws<CrashException>(run);
                break;
            case OperationFails:
                try
                {
                    run();
                }
                catch (Exception e) when (e is CloudException or IOException or TimeoutException)
                {
                    // What the program tells and ends with code 1 for.
                }

                break;
        }

        run();
    }

    /// <summary>Of all that the deployments make.</summary>
    private static List<string> Types()
    {
        using var clean = new CloudCase();
        clean.Up();
        var steps = clean.Do(async () =>
            (await clean.Cloud.Deployments.StepsAsync("farm-storage", "ebb-storage", CancellationToken.None)).AddRange(
                await clean.Cloud.Deployments.StepsAsync("farm-compute", "ebb-compute", CancellationToken.None)));
        var types = steps.Select(step => step.Type).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        Assert.True(types.Count > 8, string.Join(", ", types));
        return types;
    }

    /// <summary>By its operation, or where it is made at once by a refusal.</summary>
    private static Fault Failing(string type) => type.ToUpperInvariant() switch
    {
        "MICROSOFT.COMPUTE/VIRTUALMACHINESCALESETS" => new Fault { Kind = FaultKind.FailOperation, On = CallKind.PutScaleSet, Count = 1 },
        "MICROSOFT.COMPUTE/VIRTUALMACHINES" or "MICROSOFT.STORAGE/STORAGEACCOUNTS" => new Fault { Kind = FaultKind.FailOperation, ResourceType = type, Count = 1 },
        _ => new Fault { Kind = FaultKind.Error, On = CallKind.PutResource, ResourceType = type, Status = 400, Code = "BadRequest", Count = 1 },
    };

    private static void AssertUp(CloudCase struck, string when)
    {
        Assert.True(struck.World.FindMachine("farm-compute", "farm-control-plane-0") is not null, when);
        Assert.True(struck.World.Find("farm-compute", "agents") is { Capacity: 1 }, when);
        struck.Wire.Calls.Clear();
        struck.Up();
        Assert.True(!struck.Wire.Writes.Any(), $"{when}: {string.Join(", ", struck.Wire.Writes)}");
    }

    /// <summary>A cluster of which so much is there as goes with this scope.</summary>
    private static CloudCase Standing(DownScope scope)
    {
        var standing = new CloudCase();
        standing.Up();
        if (scope is DownScope.Storage)
        {
            standing.Down(DownScope.Machines);
        }

        standing.Wire.Calls.Clear();
        return standing;
    }

    private static void AssertGone(CloudCase struck, string when, DownScope scope = DownScope.All)
    {
        Assert.False(struck.World.GroupExists("farm-compute"), when);
        Assert.True(struck.World.GroupExists("farm-storage") == scope is DownScope.Machines, when);
    }

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Numbers();

    private sealed class CrashException : Exception;
}
