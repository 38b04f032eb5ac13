using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>
/// Compares a resource as it is with what deploying would make of it, in what the template names. Azure's own list of differences
/// serves only where it does not show both: it compares lists by position, while the network provider gives security rules back sorted
/// by name, and it tells values as changed that no template says and no deployment changes (Azure/arm-template-whatif, issues 260, 340
/// and 376).
/// </summary>
internal static class Comparison
{
    private const int MostDepth = 30;

    // About the template, not the resource.
    private static readonly ImmutableHashSet<string> Instructions = ["type", "apiVersion", "name", "scope", "dependsOn"];

    /// <summary>The same changes, each with differences of our own finding where both states are known.</summary>
    public static ImmutableArray<ResourceChange> Refine(IEnumerable<ResourceChange> changes, TemplateReading template) =>
    [
        .. from change in changes
           let named = change.Kind is ChangeKind.Modify ? template.Find(ResourceId.Split(change.Id).Type, ResourceId.Split(change.Id).Name) : null
           select named is not null && change.Before is { ValueKind: JsonValueKind.Object } before && change.After is { ValueKind: JsonValueKind.Object } after
               ? change with { Properties = Differences(before, after, named, template) }
               : change,
    ];

    private static ImmutableArray<PropertyChange> Differences(JsonElement before, JsonElement after, JsonObject named, TemplateReading template)
    {
        var found = ImmutableArray.CreateBuilder<PropertyChange>();
        foreach (var (name, value) in named.Where(member => !Instructions.Contains(member.Key)))
        {
            Compare(name, Member(before, name), Member(after, name), template.Resolve(value));
        }

        // Tags are replaced whole; which of those that go matter, the rules know.
        if (Member(before, "tags") is { ValueKind: JsonValueKind.Object } tags)
        {
            found.AddRange(tags.EnumerateObject().Where(tag => Member(Member(after, "tags"), tag.Name) is null).Select(tag => new PropertyChange($"tags.{tag.Name}", tag.Value, null)));
        }

        return found.ToImmutable();

        void Compare(string path, JsonElement? old, JsonElement? made, JsonNode? said, int depth = 0)
        {
            if (depth > MostDepth)
            {
                found.Add(new PropertyChange(path, old, made));
                return;
            }

            switch (old, made, said)
            {
                // Azure shows less than was sent: it says nothing about this.
                case (_, null or { ValueKind: JsonValueKind.Null }, _):
                    break;
                case ({ ValueKind: JsonValueKind.Object }, { ValueKind: JsonValueKind.Object }, JsonObject members):
                    foreach (var (name, value) in members)
                    {
                        Compare($"{path}.{name}", Member(old, name), Member(made, name), template.Resolve(value), depth + 1);
                    }

                    break;
                case ({ ValueKind: JsonValueKind.Object }, { ValueKind: JsonValueKind.Object } whole, _):
                    // An expression made it: then all of it is meant.
                    foreach (var member in whole.EnumerateObject())
                    {
                        Compare($"{path}.{member.Name}", Member(old, member.Name), member.Value, null, depth + 1);
                    }

                    break;
                case ({ ValueKind: JsonValueKind.Array } olds, { ValueKind: JsonValueKind.Array } mades, _):
                    Items(path, [.. olds.EnumerateArray()], [.. mades.EnumerateArray()], said as JsonArray, depth);
                    break;
                case ({ } same, { } other, _) when ChangeRules.Same(path, same, other):
                    break;
                default:
                    found.Add(new PropertyChange(path, old, made));
                    break;
            }
        }

        // By their names, else by what they are, else by their places.
        void Items(string path, List<JsonElement> olds, List<JsonElement> mades, JsonArray? said, int depth)
        {
            var byName = olds.Concat(mades).All(item => NameOf(item) is not null);
            var plain = olds.Concat(mades).All(item => item.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array));
            var left = Enumerable.Range(0, olds.Count).ToList();
            for (var i = 0; i < mades.Count; i++)
            {
                var made = mades[i];
                var at = byName ? left.FindIndex(o => NameOf(made)!.Equals(NameOf(olds[o]), StringComparison.OrdinalIgnoreCase))
                    : plain ? left.FindIndex(o => ChangeRules.Same(path, olds[o], made))
                    : left.IndexOf(i);
                if (at < 0)
                {
                    found.Add(new PropertyChange($"{path}[{i}]", null, made));
                    continue;
                }

                if (!plain)
                {
                    Compare($"{path}[{(byName ? NameOf(made) : i)}]", olds[left[at]], made, said?.Count == mades.Count ? template.Resolve(said[i]) : null, depth + 1);
                }

                left.RemoveAt(at);
            }

            found.AddRange(left.Select(o => new PropertyChange($"{path}[{o}]", olds[o], null)));
        }
    }

    private static JsonElement? Member(JsonElement? of, string name)
    {
        if (of is not { ValueKind: JsonValueKind.Object } o)
        {
            return null;
        }

        // As resource manager takes names: in any case.
        foreach (var member in o.EnumerateObject())
        {
            if (member.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return member.Value;
            }
        }

        return null;
    }

    private static string? NameOf(JsonElement item) => Member(item, "name") is { ValueKind: JsonValueKind.String } name ? name.GetString() : null;
}
