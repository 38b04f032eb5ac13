namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>Types and names of resources put together to ids.</summary>
internal static class ResourcePath
{
    public const string Groups = "Microsoft.Resources/resourceGroups";

    /// <summary>The id of a resource from its type and the names that follow among the arguments.</summary>
    public static string Join(Arguments a, string scope, string type, int firstName)
    {
        var names = Enumerable.Range(firstName, a.Count - firstName).Select(a.Text).ToArray();
        return Join(scope, type, names) ?? throw a.Wrong(
            $"the type '{type}' requires '{type.Count(c => c == '/')}' resource name argument(s). Current function arguments '{string.Join(',', Enumerable.Range(0, a.Count).Select(a.Text))}'");
    }

    /// <summary>Null when type and names do not have as many segments as they must.</summary>
    public static string? Join(string scope, string type, IReadOnlyList<string> names)
    {
        var segments = type.Split('/');
        if (names.Count != segments.Length - 1 || names.Any(n => n.Length == 0))
        {
            return null;
        }

        if (type.Equals(Groups, StringComparison.OrdinalIgnoreCase))
        {
            var at = scope.IndexOf("/resourceGroups/", StringComparison.OrdinalIgnoreCase);
            return $"{(at < 0 ? scope : scope[..at])}/resourceGroups/{names[0]}";
        }

        return $"{scope}/providers/{segments[0]}/{string.Join('/', names.Select((name, i) => $"{segments[i + 1]}/{name}"))}";
    }

    /// <summary>A location as it is compared: "West Europe" is westeurope.</summary>
    public static string Location(string name) => name.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();
}
