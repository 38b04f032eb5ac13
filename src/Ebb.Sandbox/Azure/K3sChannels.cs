using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Ebb.Sandbox.Azure;

/// <summary>
/// Stands in for k3s' channel server, <c>https://update.k3s.io</c>, and for the list of k3s' releases: <c>GET
/// /v1-release/channels/NAME</c> is redirected to an address that ends in the newest release of a channel.
/// </summary>
public static partial class K3sChannels
{
    public const string Stable = "v1.34.5+k3s1";

    private const string Path = "/v1-release/channels/";

    // Address and form of k3s' releases, as the real server redirects to them.
    private const string Releases = "https://github.com/k3s-io/k3s/releases/tag/";

    // The newest patch of each minor release; as there is no end to them, these are as good as any.
    private static readonly ImmutableSortedDictionary<int, int> Newest = new Dictionary<int, int>
    {
        [28] = 15,
        [29] = 15,
        [30] = 14,
        [31] = 14,
        [32] = 11,
        [33] = 9,
        [34] = 5,
        [35] = 2,
    }.ToImmutableSortedDictionary();

    /// <summary>The newest release of a channel; null where there is no such channel.</summary>
    public static string? Latest(string channel) => channel switch
    {
        "stable" => Stable,
        "latest" or "testing" => Release(Newest.Keys.Last()),
        _ when Minor().Match(channel) is { Success: true } match && Newest.ContainsKey(Number(match.Groups[1])) => Release(Number(match.Groups[1])),
        _ => null,
    };

    /// <summary>Whether a release can be installed.</summary>
    public static bool Has(string release) =>
        Pattern().Match(release) is { Success: true } match
        && Newest.TryGetValue(Number(match.Groups[1]), out var newest) && Number(match.Groups[2]) <= newest;

    internal static ArmReply? Answer(string method, PathString path)
    {
        if (method is not ("GET" or "HEAD") || path.Value is not { } value || !value.StartsWith(Path, StringComparison.Ordinal))
        {
            return null;
        }

        return Latest(value[Path.Length..]) is { } release
            ? new ArmReply(302) { Headers = [("Location", Releases + Uri.EscapeDataString(release))] }
            : new ArmReply(404) { Text = "404 page not found" };
    }

    private static string Release(int minor) => string.Create(CultureInfo.InvariantCulture, $"v1.{minor}.{Newest[minor]}+k3s1");

    private static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\Av1\.(\d{1,3})\z")]
    private static partial Regex Minor();

    [GeneratedRegex(@"\Av1\.(\d{1,3})\.(\d{1,3})\+k3s[12]\z")]
    private static partial Regex Pattern();
}
