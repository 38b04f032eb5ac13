using System.Collections.Immutable;
using System.Net;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Finds out by which address the cloud sees whoever runs Ebb, for <c>own-address</c> in the file's lists of who may reach what.</summary>
internal static class OwnAddress
{
    /// <summary>Says it where finding out does not work.</summary>
    public const string Variable = "EBB_OWN_ADDRESS";

    // Each answers nothing but the caller's address, as text. Two, run by different people: one may be away.
    private static readonly ImmutableArray<Uri> Mirrors = [new("https://checkip.amazonaws.com/"), new("https://api.ipify.org/")];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const int MostAnswer = 256;

    /// <param name="endpoint">The cloud's own; one on this machine sees it at its loopback.</param>
    /// <exception cref="EbbException">Nothing tells.</exception>
    public static async Task<ImmutableArray<IPNetwork>> FindAsync(
        Uri endpoint, Func<string, string?> environment, HttpMessageInvoker http, TimeProvider time, CancellationToken ct)
    {
        if (environment(Variable) is { Length: > 0 } said)
        {
            return Read(said);
        }

        if (endpoint.IsLoopback)
        {
            return [new IPNetwork(IPAddress.Loopback, 32)];
        }

        foreach (var mirror in Mirrors)
        {
            if (await AskAsync(mirror, http, time, ct) is { } address)
            {
                return [new IPNetwork(address, address.GetAddressBytes().Length * 8)];
            }
        }

        throw new EbbException(
            $"Your public address, for which ebb.yaml opens ports, is not known: neither {string.Join(" nor ", Mirrors.Select(m => m.Host))} tells. "
            + $"Set {Variable} to it, or write address ranges instead of 'own-address' in ebb.yaml.");
    }

    /// <summary>Addresses and ranges as <see cref="Variable"/> says them, with commas between.</summary>
    /// <exception cref="EbbException">One of them is neither.</exception>
    public static ImmutableArray<IPNetwork> Read(string said) =>
        [.. said.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(ReadOne)];

    private static IPNetwork ReadOne(string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : throw new EbbException($"{Variable} is '{text}'; it must be an address or a range such as 203.0.113.7 or 203.0.113.0/24.");

    private static async Task<IPAddress?> AskAsync(Uri mirror, HttpMessageInvoker http, TimeProvider time, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, mirror);
            using var answer = await http.SendAsync(request, either.Token);
            await answer.Content.LoadIntoBufferAsync(MostAnswer, either.Token);
            var text = await answer.Content.ReadAsStringAsync(either.Token);
            return answer.IsSuccessStatusCode && IPAddress.TryParse(text.Trim(), out var address) ? address : null;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            // The next one is asked.
            return null;
        }
    }
}
