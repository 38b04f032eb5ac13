using System.Runtime.CompilerServices;

namespace Ebb.Tests.House;

/// <summary>Compares what is made with a file that someone has read and found right.</summary>
internal static class Approved
{
    /// <summary>The file lies beside the test. EBB_APPROVE=1 writes it anew, for review with the change that altered it.</summary>
    public static void Same(string text, string file, [CallerFilePath] string test = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(test)!, file);
        if (Environment.GetEnvironmentVariable("EBB_APPROVE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
        }

        Assert.True(File.Exists(path), $"There is no {path}; EBB_APPROVE=1 makes it.");
        Assert.Equal(File.ReadAllText(path), text);
    }
}
