using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Tests.Clouds.Azure.Deployments;

public class PermissionsTests
{
    private static readonly Permissions Contributor = new(
        [new Permissions.Grant(["*"], ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action"])]);

    [Theory]
    [InlineData("Microsoft.Compute/virtualMachines/write", true)]
    [InlineData("Microsoft.Authorization/roleAssignments/read", true)]
    [InlineData("Microsoft.Authorization/roleAssignments/write", false)]
    [InlineData("microsoft.authorization/ROLEASSIGNMENTS/write", false)]
    public void A_contributor_may_do_all_but_give_rights(string action, bool may)
    {
        Assert.Equal(may, Contributor.Allow(action));
    }

    [Fact]
    public void What_one_grant_excepts_another_may_allow()
    {
        var both = Contributor with { Grants = [.. Contributor.Grants, new Permissions.Grant(["Microsoft.Authorization/roleAssignments/*"], [])] };

        Assert.True(both.Allow("Microsoft.Authorization/roleAssignments/write"));
    }

    [Theory]
    [InlineData("a/*/b", "a/b", false)]
    [InlineData("a/*/b", "a/x/b", true)]
    [InlineData("*/read", "a/b/read", true)]
    [InlineData("*/read", "a/b/write", false)]
    [InlineData("a*a", "a", false)]
    [InlineData("a/*x*/c", "a/1x2/c", true)]
    [InlineData("a/*x*/c", "a/12/c", false)]
    public void A_star_stands_for_anything(string pattern, string action, bool matches)
    {
        Assert.Equal(matches, Permissions.Matches(pattern, action));
    }
}
