namespace Ebb.Cli.ControlPlane.Supervising;

/// <summary>
/// What a component prints, in a file that it writes itself: a pipe to this process would end the component when this
/// process ends. So it is copied and then cut rather than moved; what is printed between the two is lost.
/// </summary>
internal sealed class ComponentLog(string path)
{
    private const long MostBytes = 10 << 20;

    // Beside the file itself; the oldest goes.
    private const int Older = 2;

    // A component that gives up may print the stacks of hundreds of threads behind the reason.
    private const int TailBytes = 256 << 10;

    public string Path => path;

    /// <summary>Call now and then.</summary>
    public void Rotate(long mostBytes = MostBytes)
    {
        try
        {
            if (!File.Exists(path) || new FileInfo(path).Length <= mostBytes)
            {
                return;
            }

            for (var number = Older; number > 1; number--)
            {
                if (File.Exists($"{path}.{number - 1}"))
                {
                    File.Move($"{path}.{number - 1}", $"{path}.{number}", overwrite: true);
                }
            }

            File.Copy(path, $"{path}.1", overwrite: true);
            using var cut = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            cut.SetLength(0);
        }
        catch (IOException)
        {
            // A full disk must not end what is logged about; it is tried again.
        }
    }

    /// <summary>The last lines, oldest first; those before <paramref name="from"/> bytes are of an earlier run.</summary>
    public IReadOnlyList<string> Tail(long from = 0)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Position = Math.Max(Math.Min(from, file.Length), file.Length - TailBytes);
            using var reader = new StreamReader(file);
            return [.. reader.ReadToEnd().Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0)];
        }
        catch (IOException)
        {
            return [];
        }
    }

    public long Length => File.Exists(path) ? new FileInfo(path).Length : 0;
}
