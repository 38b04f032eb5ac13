namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Takes the resource manager's ids apart.</summary>
internal static class ResourceId
{
    /// <summary>Type and name, both with slashes where one resource is within another: <c>A/b/c</c> and <c>x/y</c>.</summary>
    public static (string Type, string Name) Split(string id)
    {
        var parts = id.Split('/', StringSplitOptions.RemoveEmptyEntries);

        // Of an extension's id, such as a role assignment's, the last provider is the one that it is of.
        var at = Array.FindLastIndex(parts, part => part.Equals("providers", StringComparison.OrdinalIgnoreCase));
        if (at < 0 || at + 2 >= parts.Length)
        {
            return ("", parts.Length > 0 ? parts[^1] : id);
        }

        var (types, names) = (new List<string> { parts[at + 1] }, new List<string>());
        for (var i = at + 2; i < parts.Length; i++)
        {
            ((i - at) % 2 == 0 ? types : names).Add(parts[i]);
        }

        return (string.Join('/', types), string.Join('/', names));
    }

    /// <summary>Whether lists of a group's resources show it: neither part of another resource nor an extension of one.</summary>
    public static bool IsListed(string id)
    {
        var (type, _) = Split(id);
        return type.Count(c => c == '/') == 1
            && !type.StartsWith("Microsoft.Authorization/", StringComparison.OrdinalIgnoreCase)
            && !type.StartsWith("Microsoft.Resources/", StringComparison.OrdinalIgnoreCase)
            && id.Split("/providers/", StringSplitOptions.None).Length == 2;
    }
}
