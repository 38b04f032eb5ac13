using System.Runtime.CompilerServices;
using Ebb.Kubernetes.Objects;
using Microsoft.Extensions.Logging;
using static Ebb.Kubernetes.KubeReading;

namespace Ebb.Kubernetes;

/// <summary>Speaks to one Kubernetes API server. Every failure is a <see cref="KubeException"/>.</summary>
/// <remarks>
/// Requests are repeated only where the server asks for it (429, 5xx with Retry-After) and nothing can be done twice by
/// it. A write that got no answer at all is for the caller to look into.
/// </remarks>
public sealed class KubeClient(KubeConnection connection, TimeProvider time, ILogger<KubeClient> logger) : IDisposable
{
    // The API server takes requests of up to 3 MiB, and etcd half of that: nothing it stores is larger than this.
    private const int MaxObjectBytes = 8 * 1024 * 1024;

    // What kubectl asks for: small enough for the server's memory, large enough that few requests are needed.
    private const int PageSize = 500;

    // Bookmarks come about every minute, but from older servers only for kinds of which something has changed since they
    // started. So a watch quiet for longer than two of them is no fault: it may hang on a dead peer, and is begun anew.
    private static readonly TimeSpan WatchPatience = TimeSpan.FromSeconds(150);

    private static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(60);

    private readonly KubeTransport _transport = new(connection, time, logger);

    public KubeConnection Connection => connection;

    /// <summary>The object; null when there is none of this name.</summary>
    public async Task<T?> FindAsync<T>(Resource<T> resource, string? ns, string name, CancellationToken ct)
        where T : V1Object
    {
        try
        {
            return await GetAsync(resource, ns, name, ct);
        }
        catch (KubeException e) when (e.NotFound)
        {
            return null;
        }
    }

    public Task<T> GetAsync<T>(Resource<T> resource, string? ns, string name, CancellationToken ct)
        where T : V1Object =>
        SendAsync<T>(new(HttpMethod.Get, resource.Path(ns, name)), ct);

    /// <summary>Everything selected, as the server has it now: page by page, each object parsed as it arrives.</summary>
    /// <param name="fromCache">Whether the server may answer from its cache, which can be behind.</param>
    public async Task<KubeList<T>> ListAsync<T>(Resource<T> resource, Selection selection, bool fromCache, CancellationToken ct)
        where T : V1Object
    {
        var items = new List<T>();
        V1ListMeta? page = null;
        var pageSize = fromCache ? 0 : PageSize;
        while (true)
        {
            try
            {
                page = await ListPageAsync(resource, selection, fromCache, pageSize, page?.Continue, items, ct);
            }
            catch (KubeException e) when (e.Expired && page is not null)
            {
                // Too slow for the pages of one version to be kept: all at once, then, which cannot expire.
                items.Clear();
                page = null;
                pageSize = 0;
                continue;
            }

            if (string.IsNullOrEmpty(page.Continue))
            {
                return new(items, page.ResourceVersion ?? "");
            }
        }
    }

    /// <summary>Changes after <paramref name="resourceVersion"/>, until the server ends the watch or is silent for long; then resume from the last version seen.</summary>
    /// <param name="duration">How long the server should keep it up.</param>
    /// <exception cref="KubeException">Among others <see cref="KubeException.Expired"/>, at once or later: list anew.</exception>
    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        Resource<T> resource,
        Selection selection,
        string? resourceVersion,
        TimeSpan duration,
        [EnumeratorCancellation] CancellationToken ct)
        where T : V1Object
    {
        var query = Query.Of(resource.Path(selection.Namespace), selection)
            .With("watch", "1")
            .With("allowWatchBookmarks", "true")
            .With("timeoutSeconds", ((int)duration.TotalSeconds).ToString())
            .With("resourceVersion", resourceVersion);
        var request = new KubeRequest(HttpMethod.Get, query.ToString());
        using var response = await _transport.SendAsync(request, ct);
        await using var stream = await response.Content.ReadAsStreamAsync(ct);
        var doing = _transport.Describe(request);
        using var pieces = new JsonPieces(stream, list: false, MaxObjectBytes, WatchPatience, time);
        while (await NextOfWatchAsync(doing, pieces, ct))
        {
            yield return ReadEvent<T>(doing, pieces.Piece.Span);
        }
    }

    /// <summary>Makes an object. A name that is taken is a conflict.</summary>
    public Task<T> CreateAsync<T>(Resource<T> resource, T body, WriteOptions options, CancellationToken ct)
        where T : V1Object =>
        SendAsync<T>(
            new(HttpMethod.Post, Query.Of(resource.Path(body.Metadata.Namespace), options).ToString()) { Body = KubeJson.Write(body) }, ct);

    /// <summary>Replaces an object; at the resource version that <paramref name="body"/> carries, if it carries one.</summary>
    public Task<T> ReplaceAsync<T>(Resource<T> resource, T body, WriteOptions options, CancellationToken ct)
        where T : V1Object
    {
        var path = resource.Path(body.Metadata.Namespace, body.Metadata.Name, options.Subresource);
        return SendAsync<T>(new(HttpMethod.Put, Query.Of(path, options).ToString()) { Body = KubeJson.Write(body) }, ct);
    }

    /// <summary>Changes part of an object. A <c>metadata.resourceVersion</c> within the patch must still be the current one.</summary>
    public Task<T> PatchAsync<T>(
        Resource<T> resource, string? ns, string name, PatchKind kind, byte[] patch, WriteOptions options, CancellationToken ct)
        where T : V1Object
    {
        var query = Query.Of(resource.Path(ns, name, options.Subresource), options);
        if (kind is PatchKind.Apply && options.Force)
        {
            query = query.With("force", "true");
        }

        return SendAsync<T>(new(HttpMethod.Patch, query.ToString()) { Body = patch, ContentType = MediaType(kind) }, ct);
    }

    /// <summary>Deletes an object; false when there is none.</summary>
    /// <exception cref="KubeException">Among others a conflict: a precondition does not hold.</exception>
    public async Task<bool> DeleteAsync<T>(Resource<T> resource, string? ns, string name, V1DeleteOptions options, CancellationToken ct)
        where T : V1Object
    {
        var request = new KubeRequest(HttpMethod.Delete, resource.Path(ns, name)) { Body = KubeJson.Write(options) };
        try
        {
            // The answer may be the object or a Status; neither says more than that it was accepted.
            using var response = await _transport.SendAsync(request, ct);
            return true;
        }
        catch (KubeException e) when (e.NotFound)
        {
            return false;
        }
    }

    /// <summary>Binds a pod to a node, as a scheduler does. A pod that is bound already is a conflict.</summary>
    public async Task BindAsync(string ns, string pod, string? uid, string node, CancellationToken ct)
    {
        var binding = new V1Binding
        {
            ApiVersion = "v1",
            Kind = "Binding",
            Metadata = new() { Name = pod, Namespace = ns, Uid = uid ?? "" },
            Target = new() { ApiVersion = "v1", Kind = "Node", Name = node },
        };
        var path = Resources.Pods.Path(ns, pod, "binding");
        using var response = await _transport.SendAsync(new(HttpMethod.Post, path) { Body = KubeJson.Write(binding) }, ct);
    }

    /// <summary>Asks for the pod's eviction.</summary>
    /// <param name="apiVersion">What the server offers: <c>policy/v1</c> or <c>policy/v1beta1</c>; see <see cref="ApiDiscovery"/>.</param>
    /// <param name="uid">Only this pod, not a later one of the same name; null for whichever has the name.</param>
    /// <param name="grace">How long the pod may take to end; null: what it says itself.</param>
    public async Task<EvictionResult> EvictAsync(string apiVersion, string ns, string pod, string? uid, TimeSpan? grace, CancellationToken ct)
    {
        var eviction = new V1Eviction
        {
            ApiVersion = apiVersion,
            Kind = "Eviction",
            Metadata = new() { Name = pod, Namespace = ns },
            DeleteOptions = uid is null && grace is null
                ? null
                : new() { GracePeriodSeconds = (long?)grace?.TotalSeconds, Preconditions = uid is null ? null : new() { Uid = uid } },
        };
        var path = Resources.Pods.Path(ns, pod, "eviction");
        try
        {
            using var response = await _transport.SendAsync(new(HttpMethod.Post, path) { Body = KubeJson.Write(eviction) }, ct);
            return EvictionResult.Evicting;
        }
        catch (KubeException e) when (e.NotFound)
        {
            return EvictionResult.Gone;
        }
        catch (KubeException e) when (e.HasCause(Causes.DisruptionBudget))
        {
            return EvictionResult.BudgetForbids;
        }
        catch (KubeException e) when (e.Conflict && uid is not null)
        {
            // Another pod of that name is the usual reason; the Status does not say so in a way fit for programs.
            if ((await FindAsync(Resources.Pods, ns, pod, ct))?.Metadata.Uid == uid)
            {
                throw;
            }

            return EvictionResult.Gone;
        }
    }

    /// <summary>Reads any other JSON that the server offers, such as <c>version</c>.</summary>
    public Task<T> GetAsync<T>(string path, CancellationToken ct)
        where T : class =>
        SendAsync<T>(new(HttpMethod.Get, path), ct);

    public void Dispose() => _transport.Dispose();

    private async Task<V1ListMeta> ListPageAsync<T>(
        Resource<T> resource, Selection selection, bool fromCache, int pageSize, string? from, List<T> items, CancellationToken ct)
        where T : V1Object
    {
        var query = Query.Of(resource.Path(selection.Namespace), selection)
            .With("limit", pageSize > 0 ? pageSize.ToString() : null)
            .With("continue", from)
            .With("resourceVersion", fromCache && from is null ? "0" : null);
        var request = new KubeRequest(HttpMethod.Get, query.ToString());
        using var response = await _transport.SendAsync(request, ct);
        await using var stream = await response.Content.ReadAsStreamAsync(ct);
        var doing = _transport.Describe(request);
        using var pieces = new JsonPieces(stream, list: true, MaxObjectBytes, ReadPatience, time);
        var meta = new V1ListMeta();
        while (await NextAsync(doing, pieces, ct))
        {
            if (pieces.Name == "metadata")
            {
                meta = Read<V1ListMeta>(doing, pieces.Piece.Span);
            }
            else if (pieces.Name == "items" && !pieces.Piece.Span.SequenceEqual("null"u8))
            {
                items.Add(Read<T>(doing, pieces.Piece.Span));
            }
        }

        return meta;
    }

    private async Task<T> SendAsync<T>(KubeRequest request, CancellationToken ct)
        where T : class
    {
        using var response = await _transport.SendAsync(request, ct);
        await using var stream = await response.Content.ReadAsStreamAsync(ct);
        var doing = _transport.Describe(request);
        using var pieces = new JsonPieces(stream, list: false, MaxObjectBytes, ReadPatience, time);
        return await NextAsync(doing, pieces, ct)
            ? Read<T>(doing, pieces.Piece.Span)
            : throw new KubeException(doing, "the answer is empty.");
    }

    private static string MediaType(PatchKind kind) => kind switch
    {
        PatchKind.Json => "application/json-patch+json",
        PatchKind.Merge => "application/merge-patch+json",
        PatchKind.Strategic => "application/strategic-merge-patch+json",
        // JSON is YAML.
        PatchKind.Apply => "application/apply-patch+yaml",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
