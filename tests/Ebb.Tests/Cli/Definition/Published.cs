using Ebb.Tests.House;

namespace Ebb.Tests.Cli.Definition;

/// <summary>Holds a file of the source tree against what it is made from; EBB_APPROVE=1 writes it anew.</summary>
internal static class Published
{
    public static void Same(string text, string file)
    {
        var path = Path.Combine(Tree.Root, file);
        if (Environment.GetEnvironmentVariable("EBB_APPROVE") == "1")
        {
            File.WriteAllText(path, text);
        }

        Assert.True(File.Exists(path), $"There is no {path}; EBB_APPROVE=1 makes it.");
        Assert.Equal(File.ReadAllText(path), text);
    }
}
