namespace Ebb.Sandbox.Azure.Resources;

/// <summary>Links from one page of a list to the next.</summary>
internal static class Paging
{
    /// <summary>The same request, going on after <paramref name="last"/>.</summary>
    public static string Next(ArmRequest r, string last)
    {
        var query = string.Concat(r.Query
            .Where(q => q.Key != "$skiptoken")
            .Select(q => $"{Uri.EscapeDataString(q.Key)}={Uri.EscapeDataString(q.Value.ToString())}&"));
        return $"{r.BaseUrl}/{string.Join('/', r.Segments.Select(Uri.EscapeDataString))}?{query}%24skiptoken={Uri.EscapeDataString(last)}";
    }
}
