using System.Net;
using Ebb.Sandbox.Azure;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>Somebody who is given only some roles, and signs in to a subscription that judges by them.</summary>
public sealed class SubscriptionRightsTests : IDisposable
{
    private const string App = "somebody";

    private static readonly AzureFaceOptions Somebody = new() { Apps = [new AppRegistration(App, "secret") { Owns = false }] };

    private CloudCase _case = new(face: Somebody);

    [Fact]
    public void Whoever_owns_both_groups_and_reads_the_subscription_makes_a_cluster()
    {
        OwnBothGroups();
        _case.Give("Reader", "", App);

        _case.Up();

        Assert.NotNull(_case.World.Find("farm-compute", "agents"));
        Assert.Empty(_case.Plan().Changes);
    }

    [Fact]
    public void Whoever_owns_both_groups_alone_is_told_what_is_missing_and_who_gives_it()
    {
        OwnBothGroups();

        var refused = Assert.Throws<EbbException>(() => _case.Plan());

        Assert.Contains("Microsoft.Resources/subscriptions/locations/read", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"az role assignment create --role Reader --assignee YOU --scope /subscriptions/{_case.World.Options.SubscriptionId}", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_case.Wire.Writes);
    }

    [Fact]
    public void Whoever_may_do_nothing_at_all_is_told_so()
    {
        var refused = Assert.Throws<EbbException>(() => _case.Plan());

        Assert.Contains("--role Reader", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whoever_only_reads_the_subscription_is_told_of_the_roles_in_groups_too()
    {
        _case.Give("Reader", "", App);

        var refused = Assert.Throws<EbbException>(() => _case.Plan());

        Assert.Contains("Microsoft.Resources/subscriptions/resourceGroups/write in the subscription", refused.Message, StringComparison.Ordinal);
        Assert.Contains("beside the role Reader there, in both resource groups, which then are to be there first", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whoever_contributes_to_the_subscription_may_not_assign_roles()
    {
        _case.Give("Contributor", "", App);

        var refused = Assert.Throws<EbbException>(() => _case.Plan());

        Assert.Contains("Microsoft.Authorization/roleAssignments/write", refused.Message, StringComparison.Ordinal);

        _case.Give("Role Based Access Control Administrator", "", App);
        _case.Up();
        Assert.Empty(_case.Plan().Changes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Whoever_may_not_register_a_provider_is_told_who_does_it_by_which_command(bool known)
    {
        _case.Dispose();
        _case = new CloudCase(face: Somebody with { Unregistered = AzureFaceOptions.NeverUsed });
        OwnBothGroups();
        _case.Give("Reader", "", App);
        if (!known)
        {
            // Azure does not always say what one may: then it is seen when it is done.
            _case.Wire.Answer($"subscriptions/{_case.World.Options.SubscriptionId}/providers/Microsoft.Authorization/permissions", HttpStatusCode.Forbidden, """{"error":{"code":"AuthorizationFailed","message":"No."}}""");
        }

        var refused = Assert.Throws<EbbException>(() => _case.Up());

        var subscription = _case.World.Options.SubscriptionId;
        Assert.Contains("Microsoft.Compute/register/action", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"az provider register --wait --subscription {subscription} --namespace Microsoft.Compute; az provider register --wait --subscription {subscription} --namespace Microsoft.Network", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Contributor", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_case.Wire.Writes);
    }

    public void Dispose() => _case.Dispose();

    private void OwnBothGroups()
    {
        foreach (var group in new[] { "farm-compute", "farm-storage" })
        {
            _case.World.PutResourceGroup(group, "eastus", null);
            _case.Give("Owner", $"/resourceGroups/{group}", App);
        }
    }
}
