using System.Net;
using System.Security.Cryptography;
using Ebb.Cli.ControlPlane.Components;

namespace Ebb.Cli.ControlPlane.Supervising;

/// <summary>Opens a connection to where components listen; null for an ordinary one.</summary>
/// <remarks>Components in a network namespace of their own are not to be reached otherwise.</remarks>
internal delegate ValueTask<Stream> Dial(IPEndPoint to, CancellationToken ct);

/// <summary>Asks a component whether it works.</summary>
internal sealed class HealthCheck(HealthProbe probe, Dial? dial, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    private const int MostCharacters = 300;

    private HttpClient? _http;

    public async Task<Finding> AskAsync(CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(AnswerWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            _http ??= PinnedHttp.Client(probe.Authority, probe.Certificate, probe.Key, dial);
            using var response = await _http.GetAsync(probe.Url, either.Token);
            var body = await response.Content.ReadAsStringAsync(either.Token);
            return response.IsSuccessStatusCode && (probe.Says is null || body.Contains(probe.Says, StringComparison.Ordinal))
                ? Finding.Healthy
                : new Finding(Answered: true, $"{probe.Url} answered {(int)response.StatusCode}: {OneLine(body)}");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new Finding(Answered: false, $"{probe.Url} did not answer within {AnswerWithin.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or CryptographicException)
        {
            return new Finding(Answered: false, $"{probe.Url}: {e.Message}");
        }
    }

    public void Dispose() => _http?.Dispose();

    private static string OneLine(string body)
    {
        var line = string.Join("; ", body.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return line.Length > MostCharacters ? line[..MostCharacters] : line;
    }
}

/// <param name="Answered">Whether anything at all came back.</param>
/// <param name="Problem">What is wrong; null when all is well.</param>
internal sealed record Finding(bool Answered, string? Problem)
{
    public static Finding Healthy { get; } = new(Answered: true, Problem: null);
}
