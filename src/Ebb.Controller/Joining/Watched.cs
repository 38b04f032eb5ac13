namespace Ebb.Controller.Joining;

/// <summary>What a file makes, made anew when the file has changed. What can no longer be read stays as it was, and is told once.</summary>
/// <param name="make">From the whole content; may throw.</param>
internal sealed class Watched<T>(IReadOnlyList<string> paths, Func<T> make, Action<string, Exception> failed, TimeProvider time)
    where T : class
{
    // Keys and certificates change once in months; a stat a second costs nothing.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private T? _made;
    private string _stamp = "";
    private long _lookedAt;

    /// <exception cref="Exception">Only for the first time: nothing was ever made.</exception>
    public T Current
    {
        get
        {
            lock (_lock)
            {
                if (_made is not null && time.GetElapsedTime(_lookedAt) < LookEvery)
                {
                    return _made;
                }

                _lookedAt = time.GetTimestamp();
                var stamp = Stamp();
                if (_made is null || stamp != _stamp)
                {
                    _stamp = stamp;
                    Make();
                }

                return _made!;
            }
        }
    }

    private void Make()
    {
        try
        {
            _made = make();
        }
        catch (Exception e) when (_made is not null)
        {
            // A file that is being written, or is wrong: the one before still works.
            failed(paths[0], e);
        }
    }

    private string Stamp() => string.Join('|', paths.Select(path =>
    {
        var file = new FileInfo(path);
        return file.Exists ? $"{file.LastWriteTimeUtc.Ticks}/{file.Length}" : "gone";
    }));
}
