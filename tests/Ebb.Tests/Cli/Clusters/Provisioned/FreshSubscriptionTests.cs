using System.Collections.Immutable;
using System.Net;
using Ebb.Pools;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>A subscription that nobody has used yet: of sizes, quotas and names it says nothing until it is registered.</summary>
public sealed class FreshSubscriptionTests : IDisposable
{
    private static readonly AzureFaceOptions Fresh = new() { Unregistered = AzureFaceOptions.NeverUsed, RegistrationTakes = TimeSpan.FromMinutes(2) };

    private CloudCase _case = new(face: Fresh);

    private IEnumerable<string> Registered => _case.Wire.Calls.Where(call => call.Contains("/register?", StringComparison.Ordinal)).Select(call => call.Split('/')[4]);

    [Fact]
    public void Its_pools_are_as_in_any_other_and_a_second_time_changes_nothing()
    {
        using var used = new CloudCase();
        used.Up();

        _case.Up();

        var tags = _case.World.Find("farm-compute", "agents")!.Tags;
        Assert.Contains(PoolTags.Resource + "cpu", tags.Keys);
        Assert.Equal(used.World.Find("farm-compute", "agents")!.Tags, tags);
        Assert.Empty(_case.Plan().Changes);
        Assert.Equal(["Microsoft.Compute", "Microsoft.Network", "Microsoft.Storage", "Microsoft.ManagedIdentity"], Registered);
    }

    [Fact]
    public void A_plan_says_what_it_cannot_know_yet_and_registers_nothing()
    {
        var plan = _case.Plan();

        Assert.Equal(["Microsoft.Compute", "Microsoft.Network", "Microsoft.Storage", "Microsoft.ManagedIdentity"], plan.Preflight.ToRegister);
        Assert.Contains(plan.Changes, change => change.Name == "agents");
        Assert.Empty(Registered);
        Assert.Empty(_case.Wire.Writes);
    }

    [Theory]
    [InlineData("size: Standard_D4s_v5", "size: Standard_D4s_v6", "Pool 'agents' asks for size 'Standard_D4s_v6'")]
    [InlineData("min: 1", "min: 9", "quota 'lowPriorityCores'")]
    [InlineData("name: farm", "storage: {account: theirs}\nname: farm", "The name of storage account 'theirs' is taken")]
    public void What_stands_in_the_way_is_found_before_any_group_is_made(string what, string instead, string problem)
    {
        _case.Dispose();
        _case = new CloudCase(
            new CloudOptions { Quotas = ImmutableSortedDictionary<string, int>.Empty.Add("lowPriorityCores", 32) },
            Fresh with { TakenNames = ["theirs"] });

        var refused = Assert.Throws<EbbException>(() => _case.Up(CloudCase.Starter.Replace(what, instead, StringComparison.Ordinal)));

        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
        Assert.Empty(_case.Wire.Writes);
    }

    [Fact]
    public void Nothing_is_made_while_a_registration_goes_on()
    {
        _case.Dispose();
        _case = new CloudCase(face: Fresh with { RegistrationTakes = TimeSpan.FromHours(1) });

        var late = Assert.Throws<TimeoutException>(() => _case.Up());

        Assert.Contains("Microsoft.Compute", late.Message, StringComparison.Ordinal);
        Assert.Empty(_case.Wire.Writes);

        _case.Do(() => Task.Delay(TimeSpan.FromHours(1), _case.Time));
        _case.Up();
        Assert.Contains(PoolTags.Resource + "cpu", _case.World.Find("farm-compute", "agents")!.Tags.Keys);
    }

    [Theory]
    [InlineData("/skus?", HttpStatusCode.Conflict, "MissingSubscriptionRegistration")]
    [InlineData("/checkNameAvailability?", HttpStatusCode.NotFound, "SubscriptionNotFound")]
    [InlineData("/register?", HttpStatusCode.InternalServerError, "InternalServerError")]
    public void Who_stumbles_or_has_not_heard_of_the_registration_yet_is_asked_again(string call, HttpStatusCode status, string code)
    {
        _case.Wire.Once(sent => sent.Contains(call, StringComparison.OrdinalIgnoreCase), status, $$"""{ "error": { "code": "{{code}}", "message": "Not yet." } }""");

        _case.Up();

        Assert.Contains(PoolTags.Resource + "cpu", _case.World.Find("farm-compute", "agents")!.Tags.Keys);
    }

    [Fact]
    public void Cut_short_between_two_registrations_the_next_run_carries_on()
    {
        _case.Wire.After = (_, request) =>
        {
            if (request.RequestUri!.AbsolutePath.EndsWith("Microsoft.Network/register", StringComparison.Ordinal))
            {
                throw new InvalidOperationException("Cut short.");
            }
        };
        Assert.Throws<InvalidOperationException>(() => _case.Up());
        Assert.Empty(_case.Wire.Writes);
        _case.Wire.After = null;

        _case.Up();

        Assert.Contains(PoolTags.Resource + "cpu", _case.World.Find("farm-compute", "agents")!.Tags.Keys);
    }

    public void Dispose() => _case.Dispose();
}
