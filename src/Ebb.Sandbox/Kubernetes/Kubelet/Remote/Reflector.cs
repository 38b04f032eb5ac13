using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;
using Microsoft.Extensions.Logging;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Remote;

/// <summary>Follows one kind of an API server: lists once, then watches, and takes up again whatever breaks.</summary>
/// <param name="path">Of the collection.</param>
/// <param name="selector">A field selector; empty for everything.</param>
internal sealed partial class Reflector(
    ApiHttp api, Kind kind, string path, string selector, Mirror mirror, TimeProvider time, Random random, ILogger logger)
{
    private const int PageSize = 500;

    // Ends of watches are spread out, as other clients do.
    private const int ShortestWatchSeconds = 300;

    private readonly Encoder _encoder = new();
    private readonly Backoff _backoff = new(random);
    private string? _version;
    private string? _trouble;

    public async Task RunAsync(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                if (_version is null)
                {
                    await ListAsync(ct);
                }

                await WatchAsync(ct);
            }
            catch (ApiRefusal e) when (e.Answer.Expired)
            {
                // Too long ago to be taken up: what happened meanwhile shows in a new list.
                _version = null;
            }
            catch (Exception e) when (!ct.IsCancellationRequested
                && e is ApiRefusal or HttpRequestException or IOException or TimeoutException or JsonException)
            {
                Note(e.Message);
                await Task.Delay(_backoff.Next((e as ApiRefusal)?.Answer.RetryAfter), time, ct);
            }
        }
    }

    private async Task ListAsync(CancellationToken ct)
    {
        var all = new List<KubeObject>();
        string? from = null, version = null;
        do
        {
            var answer = await api.SendAsync(HttpMethod.Get, Query($"limit={PageSize}&continue={Uri.EscapeDataString(from ?? "")}"), null, ct);
            if (!answer.Ok)
            {
                throw new ApiRefusal(answer);
            }

            var page = answer.Json;
            all.AddRange(page.Objects("items").Select(Read));
            from = page["metadata"].Text("continue");
            version = page["metadata"].Text("resourceVersion");
        }
        while (!string.IsNullOrEmpty(from));

        mirror.Replace(all);
        _version = version;
        Healed();
    }

    private async Task WatchAsync(CancellationToken ct)
    {
        var seconds = ShortestWatchSeconds + random.Next(ShortestWatchSeconds);
        var query = Query($"watch=true&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion={_version}");
        await foreach (var change in api.WatchAsync(query, ct))
        {
            var type = change.Text("type");
            if (change["object"] is not JsonObject item)
            {
                throw new JsonException("An event of a watch has no object.");
            }

            if (type == "ERROR")
            {
                throw new ApiRefusal(new ApiAnswer(
                    (System.Net.HttpStatusCode)(item.Number("code") ?? 500), JsonSerializer.SerializeToUtf8Bytes<JsonNode>(item), null));
            }

            if (type is not "BOOKMARK")
            {
                mirror.See(Read(item), gone: type == "DELETED");
            }

            _version = item["metadata"].Text("resourceVersion");
            Healed();
        }
    }

    private KubeObject Read(JsonObject json)
    {
        // A third of a pod's bytes, of which nobody here reads one.
        (json["metadata"] as JsonObject)?.Remove("managedFields");
        var version = long.Parse(json["metadata"].Text("resourceVersion") ?? "0", CultureInfo.InvariantCulture);
        return new KubeObject(kind, json, _encoder.Encode(json), version);
    }

    private string Query(string parameters) =>
        $"{path}?{parameters}{(selector.Length == 0 ? "" : "&fieldSelector=" + Uri.EscapeDataString(selector))}";

    private void Healed()
    {
        _backoff.Succeeded();
        if (_trouble is not null)
        {
            _trouble = null;
            LogHealed(path);
        }
    }

    /// <summary>An API server that is away for an hour is one line in the log.</summary>
    private void Note(string trouble)
    {
        if (_trouble is null)
        {
            LogTrouble(path, trouble);
        }

        _trouble = trouble;
    }

    [LoggerMessage(LogLevel.Warning, "Cannot follow {Path}, will try again: {Trouble}")]
    private partial void LogTrouble(string path, string trouble);

    [LoggerMessage(LogLevel.Information, "Following {Path} again")]
    private partial void LogHealed(string path);
}
