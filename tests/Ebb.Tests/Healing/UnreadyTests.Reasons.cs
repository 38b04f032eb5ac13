using Ebb.Tests.Planning;

namespace Ebb.Tests.Healing;

public sealed partial class UnreadyTests
{
    [Theory]
    [InlineData(6)]
    [InlineData(60)]
    public void Whoever_asks_why_a_node_is_there_that_is_not_ready_is_told_for_how_long_that_is_waited_out(int age)
    {
        var some = Silent(TimeSpan.FromMinutes(5));
        some.Nodes[0] = some.Nodes[0] with { CreatedAt = Some.Noon.AddMinutes(-age) };

        Assert.Equal("kept: not ready, 5 min of 20", some.Plan().Reasons.Nodes[Node]);
    }
}
