using System.Reflection;
using System.Text.RegularExpressions;
using Ebb.Cli.Commands;
using Ebb.Sandbox;
using Ebb.Simulation;

namespace Ebb.Tests.House;

/// <summary>One word for each thing, and none of those that say nothing.</summary>
public partial class WordsTests
{
    private static readonly string[] Forbidden = ["Manager", "Helper", "Helpers", "Util", "Utils", "Utilities", "Info", "Master", "Slave", "Kill"];

    [Fact]
    public void No_type_has_a_name_that_says_nothing()
    {
        Assembly[] ours = [typeof(Marks).Assembly, typeof(Ebb.Controller.Joining.JoinServer).Assembly, typeof(Ebb.Agent.Machine).Assembly, typeof(Agenda).Assembly, typeof(VirtualTime).Assembly, typeof(Root).Assembly];

        var breaches =
            from type in ours.SelectMany(assembly => assembly.GetTypes())
            where !type.Name.Contains('<') && Words().Matches(type.Name).Any(word => Forbidden.Contains(word.Value))
            // Kubernetes' own wire names are not ours to choose.
            where type.Namespace?.StartsWith("Ebb.Kubernetes.Objects", StringComparison.Ordinal) != true
            select type.FullName;

        Assert.Empty(breaches);
    }

    [GeneratedRegex("[A-Z][a-z0-9]*")]
    private static partial Regex Words();
}
