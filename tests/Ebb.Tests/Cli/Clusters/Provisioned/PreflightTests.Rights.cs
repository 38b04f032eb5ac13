using System.Net;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>What whoever makes a cluster may do.</summary>
public sealed partial class PreflightTests
{
    [Fact]
    public void Whoever_may_not_assign_roles_is_told_so_before_anything_is_made()
    {
        _case.Wire.Answer("Microsoft.Authorization/permissions", HttpStatusCode.OK, """
            {"value":[{"actions":["*"],"notActions":["Microsoft.Authorization/*/Delete","Microsoft.Authorization/*/Write","Microsoft.Authorization/elevateAccess/Action"]}]}
            """);

        var problem = Only(_case.Check());

        Assert.Contains("Microsoft.Authorization/roleAssignments/write", problem, StringComparison.Ordinal);
        Assert.Contains("Role Based Access Control Administrator", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("farm-compute", false)]
    [InlineData("farm-storage", true)]
    public void The_identity_is_made_and_given_where_it_lies(string group, bool refused)
    {
        _case.World.PutResourceGroup("farm-compute", "eastus", null);
        _case.World.PutResourceGroup("farm-storage", "eastus", null);
        _case.Wire.Answer($"resourceGroups/{group}/providers/Microsoft.Authorization/permissions", HttpStatusCode.OK, """
            {"value":[{"actions":["*"],"notActions":["Microsoft.ManagedIdentity/*"]}]}
            """);

        Assert.Equal(
            refused,
            _case.Check().Problems.Any(p => p.Contains("userAssignedIdentities/assign/action in resource group 'farm-storage'", StringComparison.Ordinal)));
        Assert.DoesNotContain(_case.Check().Problems, p => p.Contains("in resource group 'farm-compute'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Microsoft.Network/loadBalancers/inboundNatRules/join/action", "{machines: 1}", false)]
    [InlineData("Microsoft.Network/loadBalancers/inboundNatRules/join/action", "{machines: 3}", true)]
    [InlineData("Microsoft.Compute/availabilitySets/write", "{zones: [1]}", false)]
    [InlineData("Microsoft.Compute/availabilitySets/write", "{machines: 1}", true)]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets/delete", "{machines: 1}", false)]
    public void What_must_be_allowed_depends_on_the_control_plane(string action, string controlPlane, bool needed)
    {
        Without(action);

        Assert.Equal(needed, _case.Check($"{CloudCase.Starter}\ncontrolPlane: {controlPlane}").Problems.Any(p => p.Contains(action, StringComparison.Ordinal)));
    }

    [Fact]
    public void Whoever_may_delete_no_pool_is_told_so_before_one_has_to_go()
    {
        const string Delete = "Microsoft.Compute/virtualMachineScaleSets/delete";
        _case.Up();
        Without(Delete);

        Assert.Empty(_case.Check().Problems);
        Assert.Contains(Delete, Only(_case.Check(CloudCase.Starter.Replace("agents", "others", StringComparison.Ordinal))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_reader_may_make_nothing()
    {
        _case.Wire.Answer("Microsoft.Authorization/permissions", HttpStatusCode.OK, """{"value":[{"actions":["*/read"],"notActions":[]}]}""");

        var problem = Only(_case.Check());

        Assert.Contains("Microsoft.Compute/virtualMachines/write", problem, StringComparison.Ordinal);
        Assert.Contains("resourceGroups/write", problem, StringComparison.Ordinal);
    }

    private void Without(string action) =>
        _case.Wire.Answer("Microsoft.Authorization/permissions", HttpStatusCode.OK, $$"""{"value":[{"actions":["*"],"notActions":["{{action}}"]}]}""");
}
