using System.Net;
using System.Text.Json.Nodes;
using Ebb.Cli.Clusters.Provisioned;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Hardware;

/// <summary>All of 'ebb up', from a plan to nodes that are ready, of a control plane of three.</summary>
[Trait("Suite", "sim")]
public sealed class WholeUpTests
{
    private const string Three = "\ncontrolPlane:\n  machines: 3";

    private static readonly string[] All = [PlaneLab.Name(0), PlaneLab.Name(1), PlaneLab.Name(2)];

    // What becomes of each kind of read otherwise is seen where less has to be built up for it.
    public static TheoryData<string> Troubles => [.. FaultMatrixTests.OfWrites, "server error of a read"];

    public static TheoryData<string> TroublesOfWrites => [.. FaultMatrixTests.OfWrites];

    [Theory]
    [MemberData(nameof(Troubles))]
    public void A_cluster_comes_from_nothing_to_nodes_that_are_ready_whatever_becomes_of_any_request(string trouble) => PlaneMatrix.Run(
        () => new PlaneLab(Three, first: _ => { }), Three, trouble,
        (lab, when) =>
        {
            AssertWhole(lab, when);
            Assert.True(lab.Following.Begun.Count == 0, when);
        });

    [Theory]
    [MemberData(nameof(Troubles))]
    public void A_machine_that_was_lost_is_made_anew_as_a_new_member_whatever_becomes_of_any_request(string trouble) => PlaneMatrix.Run(
        () => Without(1), Three, trouble,
        (lab, when) =>
        {
            AssertWhole(lab, when);
            Assert.True(lab.Ids.Count(id => lab.FirstIds.ContainsValue(id.Value)) == 2, when);
            Assert.True(lab.Forgotten.SequenceEqual([PlaneLab.Name(1)]), $"{when}: {string.Join(", ", lab.Forgotten)}");
            Assert.True(lab.FirstUids[PlaneLab.Name(1)] != lab.Uids[PlaneLab.Name(1)], $"{when}: its node is the one of before");
        });

    [Theory]
    [MemberData(nameof(TroublesOfWrites))]
    public void Machines_become_what_the_file_says_one_after_the_other_whatever_becomes_of_any_request(string trouble) => PlaneMatrix.Run(
        () => new PlaneLab(Three), Three + "\naddOns:\n  metricsServer: false", trouble,
        (lab, when) =>
        {
            AssertWhole(lab, when);
            Assert.True(lab.Following.Begun.SequenceEqual(All) && lab.Following.MostAtOnce == 1, $"{when}: {string.Join(", ", lab.Following.Begun)}");
            Assert.True(lab.Ids.OrderBy(id => id.Key).SequenceEqual(lab.FirstIds.OrderBy(id => id.Key)), when);
        });

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Machines_that_a_late_list_of_resources_does_not_show_are_not_gone(int missing)
    {
        using var lab = new PlaneLab(Three);
        var late = JsonNode.Parse(lab.Cloud.Do(() => ListedAsync(lab)))!.AsObject();
        foreach (var resource in late["value"]!.AsArray().Where(resource => All.TakeLast(missing).Contains((string?)resource!["name"])).ToList())
        {
            late["value"]!.AsArray().Remove(resource);
        }

        lab.Cloud.Wire.Answer("/resourceGroups/farm-compute/resources?", HttpStatusCode.OK, late.ToJsonString());

        lab.Up(Three + "\naddOns:\n  metricsServer: false");

        AssertWhole(lab, "late");
        Assert.Equal(lab.FirstUids, lab.Uids);
        Assert.Empty(lab.Forgotten);
        Assert.Equal(All, lab.Following.Begun);
        Assert.DoesNotContain(lab.Cloud.Wire.Writes, call => call.StartsWith("DELETE ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Whoever_makes_a_control_plane_anew_of_which_nothing_is_left_is_told_what_is_lost(int machines)
    {
        var yaml = $"\ncontrolPlane:\n  machines: {machines}";
        using var lab = new PlaneLab(yaml);
        foreach (var machine in lab.Machines.ToList())
        {
            lab.Cloud.Do(() => lab.Cloud.Cloud.Groups.RemoveResourceAsync(machine.ResourceId, "2023-09-01", CancellationToken.None));
        }

        var plan = lab.Plan(yaml);
        lab.Up(yaml);

        Assert.True(plan.Touches);
        Assert.Contains(plan.Changes, change => change.Action is ChangeAction.Replace && change.Means.Contains("all that Kubernetes held: it begins anew and empty", StringComparison.Ordinal));
        Assert.Empty(lab.Plan(yaml).Changes);
    }

    private static void AssertWhole(PlaneLab lab, string when)
    {
        Assert.True(lab.Machines.Select(machine => machine.Name).SequenceEqual(All), $"{when}: {string.Join(", ", lab.Machines.Select(machine => machine.Name))}");
        Assert.True(lab.Nodes.Count(node => node.IsReady()) == 3 && lab.Nodes.Count == 3, $"{when}: {string.Join(", ", lab.Nodes.Select(node => $"{node.Metadata.Name} {node.IsReady()}"))}");
    }

    private static PlaneLab Without(int index)
    {
        var lab = new PlaneLab(Three);
        lab.Lose(index);
        return lab;
    }

    private static async Task<string> ListedAsync(PlaneLab lab)
    {
        using var aside = lab.Cloud.Aside();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://arm.sandbox/subscriptions/{lab.Cloud.World.Options.SubscriptionId}/resourceGroups/farm-compute/resources?api-version=2021-04-01&$expand=provisioningState");
        request.Headers.Authorization = new("Bearer", "t");
        using var response = await aside.SendAsync(request, CancellationToken.None);
        return await response.Content.ReadAsStringAsync();
    }
}
