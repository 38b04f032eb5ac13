using Ebb.Cli.Operating;
using Ebb.Cli.Output;
using Ebb.Clouds;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Cli.Operating;

public class PoolResizeTests
{
    private const string Size = "Standard_D8s_v5";

    [Fact]
    public void Machines_of_a_flexible_scale_set_are_refused_before_anything_is_done()
    {
        var some = new Some().With(Some.Pool());
        some.AddMachine(edit: machine => machine with { Size = "Standard_D4s_v5", ProviderId = "azure:///subscriptions/s/resourceGroups/farm/providers/Microsoft.Compute/virtualMachines/agents_0" });
        var view = some.Snapshot().Cloud.Pools[0];

        var refused = Assert.Throws<EbbException>(() => PoolResize.RequirePossible(view, Size, machinesToo: true));

        Assert.Equal(
            "Pool 'agents' is a flexible scale set: its machine 'agents_0' keeps the size that it was made with. "
            + "With --new-only the pool buys Standard_D8s_v5 from now on, and machines have it once they are replaced.",
            refused.Message);
        PoolResize.RequirePossible(view, Size, machinesToo: false);
        PoolResize.RequirePossible(view with { Machines = [.. view.Machines.Select(machine => machine with { Size = Size })] }, Size, machinesToo: true);
        PoolResize.RequirePossible(Uniform(), Size, machinesToo: true);
    }

    [Theory]
    [InlineData("Standard_D4s_v5", true, "Pool agents would buy Standard_D8s_v5, no longer Standard_D4s_v5.")]
    [InlineData("Standard_D4s_v5", false, "Pool agents buys Standard_D8s_v5, no longer Standard_D4s_v5.")]
    [InlineData(Size, true, "Pool agents buys Standard_D8s_v5 already.")]
    [InlineData(Size, false, "Pool agents buys Standard_D8s_v5 already.")]
    public void What_the_pool_buys_is_told_also_where_no_machine_is_touched(string from, bool dryRun, string told)
    {
        var report = new OperationReport
        {
            Operation = "resize",
            DryRun = dryRun,
            Sizes = [new PoolSizeChange { Pool = FarmCase.Pool, From = from, To = Size }],
            Machines = [],
        };

        Assert.Equal(told, Printed(report, json: false));
        Assert.Contains($$"""{"pool":"agents","from":"{{from}}","to":"{{Size}}"}""", Squeezed(Printed(report, json: true)), StringComparison.Ordinal);
    }

    private static PoolView Uniform()
    {
        var some = new Some().With(Some.Pool());
        some.AddMachine(edit: machine => machine with { ProviderId = "azure:///subscriptions/s/resourceGroups/farm/providers/Microsoft.Compute/virtualMachineScaleSets/agents/virtualMachines/0" });
        return some.Snapshot().Cloud.Pools[0];
    }

    private static string Printed(OperationReport report, bool json)
    {
        var text = new StringWriter();
        OperationRun.Print(report, json, new Terminal(text, TextWriter.Null, rich: false, colours: false));
        return text.ToString().Trim();
    }

    private static string Squeezed(string json) => string.Concat(json.Where(c => !char.IsWhiteSpace(c)));
}
