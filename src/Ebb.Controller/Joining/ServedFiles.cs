using System.Security.Cryptography;
using Ebb.Controller.Joining.Limits;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Ebb.Controller.Joining;

/// <summary>
/// Files of one directory, for machines that fetch nothing from outside. What is asked for is looked up among the names that are
/// there: never a path that came with a request.
/// </summary>
/// <param name="mostPerAddress">Downloads of one address at a time.</param>
internal sealed class ServedFiles(string? directory, int mostPerAddress) : IDisposable
{
    // Some are large: a burst of new machines shares the line rather than all waiting for all.
    private const int MostAtOnce = 64;

    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _places = new(MostAtOnce);
    private readonly AddressShares _shares = new(mostPerAddress);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string Stamp, EntityTagHeaderValue Tag)> _tags = [];

    public void Dispose() => _places.Dispose();

    /// <param name="address">Whose share of the places it takes.</param>
    /// <returns>Null once it has been sent.</returns>
    public async Task<Reply?> ServeAsync(HttpContext http, string name, string address)
    {
        if (Find(name) is not { } file)
        {
            return Reply.NotFound(http.Request.Path);
        }

        if (!_shares.Enter(address))
        {
            return Reply.Busy("downloads", Again);
        }

        try
        {
            return await _places.WaitAsync(TimeSpan.Zero, http.RequestAborted) ? await SendAsync(http, file) : Reply.Busy("downloads", Again);
        }
        finally
        {
            _shares.Leave(address);
        }
    }

    private async Task<Reply?> SendAsync(HttpContext http, FileInfo file)
    {
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
