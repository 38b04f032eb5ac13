using System.Text.Json;

namespace Ebb.Kubernetes.Config;

/// <summary>One named entry, and the file that it stands in: relative paths in it start there.</summary>
internal sealed record KubeconfigEntry(string Name, string File, JsonElement Body);

/// <summary>The entries of one kubeconfig, or of several merged.</summary>
internal sealed record KubeconfigFile
{
    public string? CurrentContext { get; init; }

    public required IReadOnlyDictionary<string, KubeconfigEntry> Clusters { get; init; }

    public required IReadOnlyDictionary<string, KubeconfigEntry> Users { get; init; }

    public required IReadOnlyDictionary<string, KubeconfigEntry> Contexts { get; init; }

    public static KubeconfigFile Parse(string path, JsonElement root)
    {
        if (root.ValueKind is not JsonValueKind.Object)
        {
            throw new EbbException($"Kubeconfig '{path}' is no kubeconfig: clusters, users and contexts were expected.");
        }

        if (root.Text("kind", path) is { } kind && kind != "Config")
        {
            throw new EbbException($"Kubeconfig '{path}' is no kubeconfig: its kind is '{kind}', not 'Config'.");
        }

        return new()
        {
            CurrentContext = root.Text("current-context", path),
            Clusters = Entries(path, root, "clusters", "cluster"),
            Users = Entries(path, root, "users", "user"),
            Contexts = Entries(path, root, "contexts", "context"),
        };
    }

    /// <summary>As kubectl merges: of each name, and of the current context, the first one counts; entries are not mixed.</summary>
    public static KubeconfigFile Merge(IReadOnlyList<KubeconfigFile> files) => new()
    {
        CurrentContext = files.Select(f => f.CurrentContext).FirstOrDefault(c => !string.IsNullOrEmpty(c)),
        Clusters = First(files.Select(f => f.Clusters)),
        Users = First(files.Select(f => f.Users)),
        Contexts = First(files.Select(f => f.Contexts)),
    };

    private static Dictionary<string, KubeconfigEntry> First(IEnumerable<IReadOnlyDictionary<string, KubeconfigEntry>> all)
    {
        var merged = new Dictionary<string, KubeconfigEntry>();
        foreach (var (name, entry) in all.SelectMany(one => one))
        {
            merged.TryAdd(name, entry);
        }

        return merged;
    }

    private static Dictionary<string, KubeconfigEntry> Entries(string path, JsonElement root, string list, string member)
    {
        var entries = new Dictionary<string, KubeconfigEntry>();
        if (!root.TryGetProperty(list, out var all) || all.ValueKind is JsonValueKind.Null)
        {
            return entries;
        }

        if (all.ValueKind is not JsonValueKind.Array)
        {
            throw new EbbException($"Kubeconfig '{path}': {list} must be a list.");
        }

        foreach (var item in all.EnumerateArray())
        {
            if (item.ValueKind is not JsonValueKind.Object || item.Text("name", path) is not { Length: > 0 } name)
            {
                throw new EbbException($"Kubeconfig '{path}': an entry of {list} has no name.");
            }

            if (!item.TryGetProperty(member, out var body) || body.ValueKind is JsonValueKind.Null)
            {
                body = Empty;
            }

            if (body.ValueKind is not JsonValueKind.Object)
            {
                throw new EbbException($"Kubeconfig '{path}': {list} entry '{name}' has no readable '{member}'.");
            }

            entries.TryAdd(name, new(name, path, body));
        }

        return entries;
    }

    private static readonly JsonElement Empty = JsonDocument.Parse("{}").RootElement.Clone();
}

internal static class KubeconfigElement
{
    /// <summary>A member that must be text if it is there. Numbers count: YAML makes one of a name like 1234.</summary>
    public static string? Text(this JsonElement element, string member, string file) =>
        !element.TryGetProperty(member, out var value) ? null : value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => throw new EbbException($"Kubeconfig '{file}': '{member}' must be text."),
        };

    public static bool Flag(this JsonElement element, string member, string file) =>
        element.TryGetProperty(member, out var value) && value.ValueKind switch
        {
            JsonValueKind.Null or JsonValueKind.False => false,
            JsonValueKind.True => true,
            _ => throw new EbbException($"Kubeconfig '{file}': '{member}' must be true or false."),
        };

    public static IEnumerable<JsonElement> List(this JsonElement element, string member, string file)
    {
        if (!element.TryGetProperty(member, out var value) || value.ValueKind is JsonValueKind.Null)
        {
            return [];
        }

        return value.ValueKind is JsonValueKind.Array
            ? value.EnumerateArray()
            : throw new EbbException($"Kubeconfig '{file}': '{member}' must be a list.");
    }
}
