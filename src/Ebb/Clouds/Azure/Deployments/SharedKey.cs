using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>Signs requests to a storage account with its key.</summary>
internal static class SharedKey
{
    /// <summary>Signs the request as it is: nothing of it may change after this.</summary>
    public static void Sign(HttpRequestMessage request, StorageAccess access)
    {
        using var hmac = new HMACSHA256(Convert.FromBase64String(access.Key));
        var signature = Convert.ToBase64String(hmac.ComputeHash(Encoding.UTF8.GetBytes(StringToSign(request, access.Account))));
        request.Headers.Authorization = new AuthenticationHeaderValue("SharedKey", $"{access.Account}:{signature}");
    }

    internal static string StringToSign(HttpRequestMessage request, string account)
    {
        var content = request.Content?.Headers;
        var text = new StringBuilder();
        text.Append(request.Method.Method).Append('\n')
            .Append(string.Join(",", content?.ContentEncoding ?? [])).Append('\n')
            .Append(string.Join(",", content?.ContentLanguage ?? [])).Append('\n')

            // No length is written as nothing, also where a header says 0.
            .Append(content?.ContentLength is > 0 and var length ? length.ToString(CultureInfo.InvariantCulture) : "").Append('\n')
            .Append(content?.ContentMD5 is { } md5 ? Convert.ToBase64String(md5) : "").Append('\n')
            .Append(content?.ContentType?.ToString()).Append('\n')

            // Date (x-ms-date stands in its place), the four conditions and Range: none is ever sent under these names.
            .Append("\n\n\n\n\n\n");
        foreach (var (name, values) in request.Headers
            .Where(h => h.Key.StartsWith("x-ms-", StringComparison.OrdinalIgnoreCase))
            .Select(h => (Name: h.Key.ToLowerInvariant(), h.Value))
            .OrderBy(h => h.Name, StringComparer.Ordinal))
        {
            text.Append(name).Append(':').Append(string.Join(",", values).Trim()).Append('\n');
        }

        text.Append('/').Append(account).Append(request.RequestUri!.AbsolutePath);
        foreach (var (name, value) in Query(request.RequestUri).OrderBy(q => q.Name, StringComparer.Ordinal))
        {
            text.Append('\n').Append(name).Append(':').Append(value);
        }

        return text.ToString();
    }

    private static IEnumerable<(string Name, string Value)> Query(Uri uri) =>
        from pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
        let at = pair.IndexOf('=', StringComparison.Ordinal)
        select (Uri.UnescapeDataString(at < 0 ? pair : pair[..at]).ToLowerInvariant(), at < 0 ? "" : Uri.UnescapeDataString(pair[(at + 1)..]));
}
