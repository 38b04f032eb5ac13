using Ebb.Kubernetes.Objects;

namespace Ebb.Kubernetes;

/// <summary>What the API server offers, asked for once in a while.</summary>
public sealed class ApiDiscovery(KubeClient client, TimeProvider time) : IDisposable
{
    // A server is upgraded under its clients; this is how long they may take to notice.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, (long ReadAt, IReadOnlyList<V1ApiResource> Resources)> _known = [];

    /// <summary>Whether the server has this resource, for example <c>policy/v1</c>, <c>poddisruptionbudgets</c>.</summary>
    public async Task<bool> SupportsAsync(string groupVersion, string plural, CancellationToken ct) =>
        (await ResourcesAsync(groupVersion, ct)).Any(r => r.Name == plural);

    public Task<bool> SupportsAsync<T>(Resource<T> resource, CancellationToken ct)
        where T : V1Object =>
        SupportsAsync(resource.GroupVersion, resource.Plural, ct);

    /// <summary>The version in which an eviction is to be sent.</summary>
    public async Task<string> EvictionVersionAsync(CancellationToken ct)
    {
        var eviction = (await ResourcesAsync("v1", ct)).FirstOrDefault(r => r.Name == "pods/eviction");
        return eviction is { Group: { Length: > 0 } group, Version: { Length: > 0 } version } ? $"{group}/{version}" : "policy/v1beta1";
    }

    public Task<V1Version> ServerVersionAsync(CancellationToken ct) => client.GetAsync<V1Version>("version", ct);

    public void Dispose() => _turn.Dispose();

    private async Task<IReadOnlyList<V1ApiResource>> ResourcesAsync(string groupVersion, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            if (_known.TryGetValue(groupVersion, out var known) && time.GetElapsedTime(known.ReadAt) < Lifetime)
            {
                return known.Resources;
            }

            var resources = await ReadAsync(groupVersion, ct);
            _known[groupVersion] = (time.GetTimestamp(), resources);
            return resources;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<IReadOnlyList<V1ApiResource>> ReadAsync(string groupVersion, CancellationToken ct)
    {
        var root = groupVersion.Contains('/', StringComparison.Ordinal) ? "apis" : "api";
        try
        {
            return (await client.GetAsync<V1ApiResourceList>($"{root}/{groupVersion}", ct)).Resources ?? [];
        }
        catch (KubeException e) when (e.NotFound)
        {
            return [];
        }
    }
}
