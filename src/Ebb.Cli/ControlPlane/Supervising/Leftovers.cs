using System.Collections.Immutable;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.ControlPlane.Supervising;

/// <summary>Components that outlived the process which looked after them.</summary>
internal static class Leftovers
{
    // What is left over has no one waiting for it to finish anything; etcd needs a moment for its last write.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Those that still run.</summary>
    public static ImmutableArray<ProcessMark> Find(string marks) =>
        Directory.Exists(marks)
            ? [.. Directory.EnumerateFiles(marks, "*.mark").Select(File.ReadAllText).Select(ProcessMark.Parse).OfType<ProcessMark>().Where(mark => mark.Alive())]
            : [];

    /// <summary>Ends them, all at once.</summary>
    /// <returns>How many there were.</returns>
    public static async Task<int> EndAsync(string marks, TimeProvider time)
    {
        var found = Find(marks);
        await Task.WhenAll(found.Select(mark => ComponentProcess.StopAsync(mark, Patience, time)));
        if (Directory.Exists(marks))
        {
            foreach (var file in Directory.EnumerateFiles(marks, "*.mark"))
            {
                File.Delete(file);
            }
        }

        return found.Length;
    }
}
