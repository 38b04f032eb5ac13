using System.Net.Http.Json;
using System.Text.Json;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.ControlPlane.Supervising;

namespace Ebb.Cli.ControlPlane.Backups;

/// <summary>The store's revisions, which Kubernetes hands out as resource versions, by etcd's JSON gateway.</summary>
internal sealed class EtcdRevisions : IDisposable
{
    // etcd writes many requests to disk at once: so many under way are ten times as fast as one after the other.
    private const int UnderWay = 64;

    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;
    private readonly Uri _address;

    public EtcdRevisions(ControlPlaneShape shape, int member, Dial? dial)
    {
        _http = PinnedHttp.Client(
            shape.Paths.Pki("etcd/ca.crt"), shape.Paths.Pki("etcd/healthcheck-client.crt"), shape.Paths.Pki("etcd/healthcheck-client.key"), dial);
        _http.Timeout = AnswerWithin;
        _address = new Uri(EtcdMember.ClientUrl(shape, member));
    }

    public async Task<long> NowAsync(CancellationToken ct) => Revision(await CallAsync("maintenance/status", "{}", ct));

    /// <summary>
    /// Lets the revision be at least this, and forgets all before. A watch that began before a restore then asks for what is
    /// forgotten, is told so, and lists anew; with the revision gone back, it would miss everything without a word.
    /// </summary>
    public async Task RaiseAsync(long floor, CancellationToken ct)
    {
        // Outside of what Kubernetes reads.
        var key = Convert.ToBase64String("/ebb/revision"u8);
        var missing = floor - await NowAsync(ct);
        if (missing <= 0)
        {
            return;
        }

        var options = new ParallelOptions { MaxDegreeOfParallelism = UnderWay, CancellationToken = ct };
        await Parallel.ForAsync(0, missing, options, async (_, ct) => await CallAsync("kv/put", $$"""{"key":"{{key}}"}""", ct));
        await CallAsync("kv/deleterange", $$"""{"key":"{{key}}"}""", ct);
        await CallAsync("kv/compaction", $$"""{"revision":"{{await NowAsync(ct)}}"}""", ct);
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonElement> CallAsync(string what, string body, CancellationToken ct)
    {
        using var content = new StringContent(body);
        using var response = await _http.PostAsync(new Uri(_address, $"/v3/{what}"), content, ct);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync(BackupJson.Default.JsonElement, ct);
    }

    // Protobuf's JSON has 64-bit numbers as text.
    private static long Revision(JsonElement answer) => long.Parse(answer.GetProperty("header").GetProperty("revision").GetString()!);
}
