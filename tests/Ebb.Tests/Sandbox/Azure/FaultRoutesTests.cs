using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

/// <summary>Orders to machines that the sandbox's owner has fail.</summary>
public class FaultRoutesTests
{
    [Fact]
    public async Task An_order_fails_for_the_machine_that_was_named_and_is_carried_out_for_the_others()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(2));
        await lab.PostAsync("/sandbox/faults", $$"""{"resource":"{{lab.Set}}/virtualMachines/1","operation":"restart","code":"VMStartTimedOut","message":"Too slow."}""");

        var operation = lab.Cloud.World.Restart(Lab.Group, Lab.Set, null).Operation!;
        lab.Cloud.Pass(minutes: 3);
        var again = lab.Cloud.World.Restart(Lab.Group, Lab.Set, null).Operation!;
        lab.Cloud.Pass(minutes: 3);

        var ended = lab.Cloud.World.GetOperation(operation.Id).Value!;
        var detail = Assert.Single(ended.Error!.Details);
        Assert.Equal((OperationStatus.Failed, "VMStartTimedOut", "1", "Too slow."), (ended.Status, ended.Error.Code, detail.Target, detail.Message));
        Assert.Equal([2, 1], new[] { 0, 1 }.Select(machine => lab.Cloud.EventsOf(machine).Count(e => e == InstanceEvent.ShuttingDown)));
        Assert.Equal(OperationStatus.Succeeded, lab.Cloud.World.GetOperation(again.Id).Value!.Status);
    }

    [Fact]
    public async Task An_order_fails_as_a_whole_as_often_as_was_said_or_until_all_is_to_be_well_again()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(2));
        var added = await lab.PostAsync("/sandbox/faults", $$"""{"resource":"{{lab.Set}}","operation":"deallocate","count":3}""");

        List<OperationStatus> ends = [];
        for (var i = 0; i < 3; i++)
        {
            var operation = lab.Cloud.World.Deallocate(Lab.Group, Lab.Set, null).Operation!;
            lab.Cloud.Pass(minutes: 3);
            ends.Add(lab.Cloud.World.GetOperation(operation.Id).Value!.Status);
            if (i == 1)
            {
                Assert.Equal(204, (await lab.DeleteAsync("/sandbox/faults")).Code);
            }
        }

        Assert.Equal((201, 3), (added.Code, (int)added.Json["count"]!));
        Assert.Equal([OperationStatus.Failed, OperationStatus.Failed, OperationStatus.Succeeded], ends);
    }

    [Theory]
    [InlineData("""{"operation":"restart"}""", 400)]
    [InlineData("""{"resource":"SET"}""", 400)]
    [InlineData("""{"resource":"SET","operation":"explode"}""", 400)]
    [InlineData("""{"resource":"SET","operation":7}""", 400)]
    [InlineData("""{"resource":"SET","operation":"restart","count":0}""", 400)]
    [InlineData("""{"resource":"SET","operation":"restart","count":"many"}""", 400)]
    [InlineData("""{"resource":"SETx","operation":"restart"}""", 404)]
    [InlineData("""{"resource":"SET/virtualMachines/99","operation":"restart"}""", 404)]
    [InlineData("[]", 400)]
    public async Task What_names_nothing_is_refused_and_nothing_will_fail(string body, int status)
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));

        Assert.Equal(status, (await lab.PostAsync("/sandbox/faults", body.Replace("SET", lab.Set, StringComparison.Ordinal))).Code);
        Assert.Empty(lab.Cloud.World.Faults.InForce);
        lab.Token = "";
        Assert.Equal(401, (await lab.DeleteAsync("/sandbox/faults")).Code);
    }
}
