using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Ebb.Sandbox.Azure.Storage;

/// <summary>The signature that a storage request carries: an HMAC-SHA256 with the account's key over what is asked.</summary>
internal static class SharedKey
{
    // In the order in which they are signed, each on a line of its own without its name.
    private static readonly string[] Signed =
    [
        "Content-Encoding", "Content-Language", "Content-Length", "Content-MD5", "Content-Type", "Date",
        "If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range",
    ];

    // Since this version an absent body is signed as no length at all, before it as "0".
    private const string EmptyLengthSince = "2015-02-21";

    /// <summary>What is signed for this request on <paramref name="account"/>.</summary>
    /// <param name="path">As it stands in the request line, still encoded, from its first slash.</param>
    public static string StringToSign(HttpRequest http, string account, string path)
    {
        var text = new StringBuilder(http.Method).Append('\n');
        foreach (var name in Signed)
        {
            text.Append(name == "Content-Length" ? Length(http) : http.Headers[name].ToString()).Append('\n');
        }

        foreach (var (name, values) in http.Headers
            .Where(h => h.Key.StartsWith("x-ms-", StringComparison.OrdinalIgnoreCase))
            .Select(h => (Name: h.Key.ToLowerInvariant(), h.Value))
            .OrderBy(h => h.Name, StringComparer.Ordinal))
        {
            text.Append(name).Append(':').Append(values.ToString().Trim()).Append('\n');
        }

        text.Append('/').Append(account).Append(path);
        foreach (var (name, values) in Query(http))
        {
            text.Append('\n').Append(name).Append(':').AppendJoin(',', values.Order(StringComparer.Ordinal));
        }

        return text.ToString();
    }

    /// <summary>Whether <paramref name="signature"/>, in base64, is that of <paramref name="text"/> with one of the keys.</summary>
    public static bool Verify(string text, string signature, IEnumerable<byte[]> keys)
    {
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (!Convert.TryFromBase64String(signature, given, out var length) || length != given.Length)
        {
            return false;
        }

        Span<byte> wanted = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var matches = false;
        foreach (var key in keys)
        {
            HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text), wanted);
            matches |= CryptographicOperations.FixedTimeEquals(wanted, given);
        }

        return matches;
    }

    private static string Length(HttpRequest http)
    {
        var length = http.Headers.ContentLength;
        return length is null or 0 && string.CompareOrdinal(http.Headers["x-ms-version"].ToString(), EmptyLengthSince) >= 0
            ? ""
            : (length ?? 0).ToString();
    }

    private static IEnumerable<(string Name, List<string> Values)> Query(HttpRequest http) => QueryHelpers
        .ParseQuery(http.QueryString.Value)
        .GroupBy(q => q.Key.ToLowerInvariant())
        .OrderBy(g => g.Key, StringComparer.Ordinal)
        .Select(g => (g.Key, g.SelectMany(q => q.Value).Select(v => v ?? "").ToList()));
}
