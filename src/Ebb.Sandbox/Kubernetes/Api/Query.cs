using System.Globalization;
using System.Net;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>The parameters of a request.</summary>
internal sealed class Query
{
    private readonly List<(string Name, string Value)> _values = [];

    public Query(string text)
    {
        foreach (var pair in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            var name = at < 0 ? pair : pair[..at];
            var value = at < 0 ? "" : pair[(at + 1)..];
            _values.Add((WebUtility.UrlDecode(name), WebUtility.UrlDecode(value)));
        }
    }

    public string? this[string name] =>
        _values.Where(v => v.Name == name && v.Value.Length > 0).Select(v => v.Value).FirstOrDefault();

    /// <summary>All values of a parameter that may be given more than once.</summary>
    public IEnumerable<string> All(string name) => _values.Where(v => v.Name == name && v.Value.Length > 0).Select(v => v.Value);

    public bool Has(string name) => _values.Any(v => v.Name == name);

    public bool IsTrue(string name) => _values.Any(v => v.Name == name && v.Value is "true" or "1" or "True");

    /// <exception cref="ApiException">400 when it is no number.</exception>
    public long? Whole(string name) => this[name] is not { } text ? null
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
        : throw ApiException.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");

    /// <summary>The resource version asked for; null when there is none.</summary>
    /// <exception cref="ApiException">500 when it is none that this server can have given.</exception>
    public long? Version => this["resourceVersion"] is not { } text ? null
        : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? (long)Math.Min(number, long.MaxValue)
        : throw ApiException.Unforeseen(
            $"resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax");
}
