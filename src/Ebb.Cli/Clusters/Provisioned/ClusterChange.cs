using System.Collections.Immutable;
using System.Text.Json;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>One resource that is not as the file wants it.</summary>
/// <param name="Id">Empty for what is yet to be made and has no id before.</param>
internal sealed record ClusterChange(ChangeAction Action, string Group, string Type, string Name, string Id)
{
    /// <summary>What about it, with the effect of each; empty for what is made or deleted whole.</summary>
    public ImmutableArray<ClusterChangePart> Parts { get; init; } = [];

    /// <summary>The file is as it was deployed: somebody has changed this otherwise.</summary>
    public bool Drift { get; init; }

    /// <summary>Done machine by machine, and by no deployment: see <see cref="Hardware.HardwarePlan"/>.</summary>
    public bool ByMachine { get; init; }

    /// <summary>Whether something that is there changes or ends.</summary>
    public bool Touches => Action is ChangeAction.Change or ChangeAction.Replace or ChangeAction.Delete;

    /// <summary>Deleted, and then deployed as the file says: all of its machines are bought again at once.</summary>
    public bool MakesPoolAnew => Action is ChangeAction.Replace && Type.Equals("Microsoft.Compute/virtualMachineScaleSets", StringComparison.OrdinalIgnoreCase);

    /// <summary>What comes of it, for people.</summary>
    public string Means { get; init; } = "";
}

internal enum ChangeAction
{
    Create,

    /// <summary>The template is deployed again, and nothing that runs is touched by it.</summary>
    Deploy,
    Change,
    Replace,
    Delete,

    /// <summary>Azure cannot; the file has to give way.</summary>
    Impossible,
}

/// <param name="What">The property, its old and its new value.</param>
internal sealed record ClusterChangePart(string What, Effect Effect);

/// <summary>Reads Azure's own comparison of what is there with what is wanted.</summary>
internal static class ClusterChanges
{
    // A key, a script: nobody reads them in a list of changes.
    private const int MostValue = 60;

    /// <param name="ours">Whether a resource that the template does not have was made by Ebb for this cluster.</param>
    public static ImmutableArray<ClusterChange> Of(string group, IEnumerable<ResourceChange> changes, Func<string, bool> ours)
    {
        var all = ImmutableArray.CreateBuilder<ClusterChange>();
        foreach (var change in changes)
        {
            var (type, name) = ResourceId.Split(change.Id);
            if (change.Kind switch
            {
                ChangeKind.Create => new ClusterChange(ChangeAction.Create, group, type, name, change.Id) { Means = Purpose(change) },
                ChangeKind.Modify => Modified(group, type, name, change),
                ChangeKind.Deploy => new ClusterChange(ChangeAction.Change, group, type, name, change.Id) { Means = "written again; Azure cannot tell whether that changes anything" },
                ChangeKind.Ignore when ours(change.Id) => Dropped(group, type, name, change.Id),
                _ => null,
            } is { } one)
            {
                all.Add(one);
            }
        }

        return all.ToImmutable();
    }

    private static ClusterChange? Modified(string group, string type, string name, ResourceChange change)
    {
        var parts = (from property in change.Properties
                     let effect = ChangeRules.Of(type, property)
                     where effect is not Effect.None
                     select new ClusterChangePart(Text(property), effect)).ToImmutableArray();
        if (parts.IsEmpty)
        {
            return null;
        }

        var worst = parts.Max(part => part.Effect);
        var action = worst switch
        {
            Effect.Impossible => ChangeAction.Impossible,
            Effect.Replace => ChangeAction.Replace,
            _ => ChangeAction.Change,
        };
        return new ClusterChange(action, group, type, name, change.Id) { Parts = parts, Means = ChangeRules.Word(worst) };
    }

    /// <summary>Something that Ebb made and the file no longer asks for.</summary>
    private static ClusterChange? Dropped(string group, string type, string name, string id) => type.ToUpperInvariant() switch
    {
        "MICROSOFT.COMPUTE/VIRTUALMACHINESCALESETS" => new ClusterChange(ChangeAction.Delete, group, type, name, id)
        {
            Means = "no longer in ebb.yaml: deleted with its machines, and whatever runs on them ends",
        },
        // What hung on them stays until the cluster goes: it costs next to nothing, and may hold data.
        _ => null,
    };

    /// <summary>What a role is assigned for: its name is but a number.</summary>
    private static string Purpose(ResourceChange created) =>
        created.After is { ValueKind: JsonValueKind.Object } after
        && after.TryGetProperty("properties", out var properties) && properties.ValueKind is JsonValueKind.Object
        && properties.TryGetProperty("description", out var description) && description.ValueKind is JsonValueKind.String
            ? description.GetString()! : "";

    /// <summary>An item of a list by its name, where it has one: <c>properties.securityRules 'ssh': missing → made again</c>.</summary>
    private static string Text(PropertyChange property) => (NameOf(property.Before), NameOf(property.After)) switch
    {
        (null, { } made) => $"{ListOf(property.Path)} '{made}': missing → made again",
        ({ } there, null) => $"{ListOf(property.Path)} '{there}': there, and not in the file → removed",
        _ => $"{property.Path}: {Value(property.Before)} → {Value(property.After)}",
    };

    private static string? NameOf(JsonElement? item) =>
        item is { ValueKind: JsonValueKind.Object } o && o.TryGetProperty("name", out var name) && name.ValueKind is JsonValueKind.String ? name.GetString() : null;

    private static string ListOf(string path) => path[..Math.Max(path.LastIndexOfAny(['.', '[']), 0)];

    private static string Value(JsonElement? value)
    {
        var text = value switch
        {
            null or { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined } => "nothing",
            { ValueKind: JsonValueKind.String } s => s.GetString()!,
            { } other => other.GetRawText(),
        };
        text = text.ReplaceLineEndings(" ");
        return text.Length <= MostValue ? text : text[..MostValue] + "…";
    }
}
