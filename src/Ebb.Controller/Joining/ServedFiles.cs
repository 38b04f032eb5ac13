using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Ebb.Controller.Joining;

/// <summary>
/// Files of one directory, for machines that fetch nothing from outside. What is asked for is looked up among the names that are
/// there: never a path that came with a request.
/// </summary>
internal sealed class ServedFiles(string? directory) : IDisposable
{
    // Some are large: a burst of new machines shares the line rather than all waiting for all.
    private const int MostAtOnce = 64;

    private readonly SemaphoreSlim _places = new(MostAtOnce);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string Stamp, EntityTagHeaderValue Tag)> _tags = [];

    public void Dispose() => _places.Dispose();

    /// <returns>Null once it has been sent.</returns>
    public async Task<Reply?> ServeAsync(HttpContext http, string name)
    {
        if (Find(name) is not { } file)
        {
            return Reply.NotFound(http.Request.Path);
        }

        if (!await _places.WaitAsync(TimeSpan.Zero, http.RequestAborted))
        {
            return Reply.Busy("downloads", TimeSpan.FromSeconds(5));
        }

        try
        {
            // Ranges and conditions are what the framework does.
            await Results.File(
                file.FullName, "application/octet-stream", lastModified: file.LastWriteTimeUtc, entityTag: await TagAsync(file, http.RequestAborted),
                enableRangeProcessing: true).ExecuteAsync(http);
            return null;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException && http.RequestAborted.IsCancellationRequested)
        {
            // It hung up.
            return null;
        }
        finally
        {
            _places.Release();
        }
    }

    private FileInfo? Find(string name)
    {
        if (directory is null)
        {
            return null;
        }

        try
        {
            // Looking through the list costs a little more than opening what was named, and cannot leave the directory.
            return new DirectoryInfo(directory).EnumerateFiles().FirstOrDefault(file => file.Name == name && file.LinkTarget is null);
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
    }

    private async Task<EntityTagHeaderValue> TagAsync(FileInfo file, CancellationToken ct)
    {
        var stamp = $"{file.LastWriteTimeUtc.Ticks}/{file.Length}";
        lock (_lock)
        {
            if (_tags.TryGetValue(file.Name, out var known) && known.Stamp == stamp)
            {
                return known.Tag;
            }
        }

        await using var stream = file.OpenRead();
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, ct))}\"");
        lock (_lock)
        {
            _tags[file.Name] = (stamp, tag);
        }

        return tag;
    }
}
