using System.Collections.Immutable;
using System.Net;

namespace Ebb.Cli.Definition;

/// <summary>Where a connection may come from: any of these. Nobody, when empty.</summary>
internal sealed record Sources
{
    private const string OwnWord = "own-address";

    private const string CloudflareWord = "cloudflare";

    private const string AnyoneWord = "anyone";

    public static Sources Own { get; } = new() { OwnAddress = true };

    /// <summary>The public address of whoever runs Ebb.</summary>
    public bool OwnAddress { get; init; }

    /// <summary>The ranges that Cloudflare publishes, IPv4 and IPv6.</summary>
    public bool Cloudflare { get; init; }

    public bool Anyone { get; init; }

    public ImmutableArray<IPNetwork> Ranges { get; init; } = [];

    /// <summary>As they stand in the file.</summary>
    public ImmutableArray<string> Words =>
    [
        .. OwnAddress ? [OwnWord] : ImmutableArray<string>.Empty,
        .. Cloudflare ? [CloudflareWord] : ImmutableArray<string>.Empty,
        .. Anyone ? [AnyoneWord] : ImmutableArray<string>.Empty,
        .. Ranges.Select(range => range.ToString()),
    ];

    /// <param name="words">Sound ones, see <see cref="Values.Source"/>.</param>
    public static Sources Of(ImmutableArray<string> words) => new()
    {
        OwnAddress = words.Contains(OwnWord),
        Cloudflare = words.Contains(CloudflareWord),
        Anyone = words.Contains(AnyoneWord),
        Ranges = [.. words.Where(w => w is not (OwnWord or CloudflareWord or AnyoneWord)).Select(Values.ParseSource).Distinct()],
    };
}
