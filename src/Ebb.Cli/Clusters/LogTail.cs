namespace Ebb.Cli.Clusters;

/// <summary>The end of a log file, and what is added to it.</summary>
internal static class LogTail
{
    // Of a log that grew for weeks only the end is read; lines have a few hundred bytes.
    private const int MostBytesForALine = 4096;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    /// <param name="follow">Goes on until cancelled, which is its usual end.</param>
    public static async Task PrintAsync(string path, int lines, bool follow, TextWriter to, TimeProvider time, CancellationToken ct)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new EbbException($"There is no log: {path} is not there. Is it up? 'ebb up' starts it.", e);
        }

        await using (file)
        {
            file.Seek(-Math.Min(file.Length, (long)lines * MostBytesForALine), SeekOrigin.End);
            using var reader = new StreamReader(file);
            var last = new Queue<string>();
            while (await reader.ReadLineAsync(ct) is { } line)
            {
                last.Enqueue(line);
                if (last.Count > lines)
                {
                    last.Dequeue();
                }
            }

            foreach (var line in last)
            {
                await to.WriteLineAsync(line);
            }

            try
            {
                while (follow)
                {
                    while (await reader.ReadLineAsync(ct) is { } line)
                    {
                        await to.WriteLineAsync(line);
                    }

                    await Task.Delay(LookEvery, time, ct);
                }
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                // How following ends, wherever it is just then.
            }
        }
    }
}
