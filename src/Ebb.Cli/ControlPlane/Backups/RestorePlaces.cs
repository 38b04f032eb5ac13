using Ebb.Cli.ControlPlane.Supervising;

namespace Ebb.Cli.ControlPlane.Backups;

/// <summary>
/// The directories of a restore, beside the cluster's own. At every instant either the cluster's directory or the one of before
/// is whole, so that a restore that is cut short can be undone.
/// </summary>
/// <param name="Directory">The cluster's own.</param>
internal sealed record RestorePlaces(string Directory)
{
    /// <summary>What is being made of the backup.</summary>
    public string Made => Directory + ".restored";

    /// <summary>The cluster as it was, until the restored one works.</summary>
    public string Before => Directory + ".before";

    /// <summary>What nobody needs any more; a directory is moved here at once and removed in its own time.</summary>
    public string Discarded => Directory + ".discarded";

    /// <summary>Undoes a restore that was cut short, if there was one; for whoever alone may change all this.</summary>
    public static async Task RecoverAsync(string directory, TimeProvider time)
    {
        var places = new RestorePlaces(directory);
        if (System.IO.Directory.Exists(places.Before))
        {
            await Leftovers.EndAsync(new ControlPlaneDirectory(directory).Marks, time);
            places.TakeBack();
        }

        Discard(places.Made);
    }

    /// <summary>The restored cluster takes the place of the one of before.</summary>
    public void Swap()
    {
        Discard(Discarded);
        System.IO.Directory.Move(Directory, Before);
        System.IO.Directory.Move(Made, Directory);
        MoveLogs(Before, Directory);
    }

    /// <summary>All as before.</summary>
    public void TakeBack()
    {
        if (System.IO.Directory.Exists(Directory))
        {
            MoveLogs(Directory, Before);
            Discard(Discarded);
            System.IO.Directory.Move(Directory, Discarded);
        }

        System.IO.Directory.Move(Before, Directory);
        Discard(Discarded);
    }

    /// <summary>The restored cluster works: there is no way back from here.</summary>
    public void Keep()
    {
        Discard(Discarded);
        System.IO.Directory.Move(Before, Discarded);
        Discard(Discarded);
    }

    public static void Discard(string path)
    {
        if (System.IO.Directory.Exists(path))
        {
            System.IO.Directory.Delete(path, recursive: true);
        }
    }

    // What was logged is of this machine, whichever data it was about.
    private static void MoveLogs(string from, string to)
    {
        var (source, target) = (new ControlPlaneDirectory(from).Paths.Logs, new ControlPlaneDirectory(to).Paths.Logs);
        if (System.IO.Directory.Exists(source) && !System.IO.Directory.Exists(target))
        {
            System.IO.Directory.Move(source, target);
        }
    }
}
