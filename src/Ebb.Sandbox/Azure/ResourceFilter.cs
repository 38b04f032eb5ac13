using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>A <c>$filter</c> on resources: comparisons joined by <c>and</c>.</summary>
internal sealed partial class ResourceFilter(ImmutableArray<ResourceFilter.Term> terms)
{
    /// <summary>Null when the text is not understood.</summary>
    public static ResourceFilter? Parse(string text)
    {
        var terms = ImmutableArray.CreateBuilder<Term>();
        var rest = text.Trim();
        while (rest.Length > 0)
        {
            var match = TermPattern().Match(rest);
            if (!match.Success)
            {
                return null;
            }

            var contains = match.Groups["part"].Success;
            terms.Add(new Term(
                (contains ? match.Groups["in"] : match.Groups["name"]).Value.ToLowerInvariant(),
                contains ? "substring" : match.Groups["op"].Value.ToLowerInvariant(),
                (contains ? match.Groups["part"] : match.Groups["value"]).Value.Replace("''", "'", StringComparison.Ordinal)));
            rest = rest[match.Length..];
        }

        // A tag's value is asked for only together with its name.
        return terms.Any(t => t.Name == "tagvalue") && !terms.Any(t => t.Name == "tagname") ? null : new ResourceFilter(terms.ToImmutable());
    }

    public bool Matches(JsonObject item, string group)
    {
        var tagName = terms.FirstOrDefault(t => t.Name == "tagname").Value;
        return terms.All(t => t.Name switch
        {
            "tagname" => Tag(item, t.Value) is not null == (t.Operator != "ne"),
            "tagvalue" => Tag(item, tagName) is { } value && value == t.Value == (t.Operator != "ne"),
            "resourcetype" => t.Holds(JsonRead.Text(item["type"])),
            "resourcegroup" => t.Holds(group),
            _ => t.Holds(JsonRead.Text(item[t.Name])),
        });
    }

    private static string? Tag(JsonObject item, string name) => JsonRead.Text(JsonRead.Get(item["tags"], name));

    [GeneratedRegex(@"^(?:(?<name>resourceType|resourceGroup|name|location|tagName|tagValue)\s+(?<op>eq|ne)\s+'(?<value>(?:[^']|'')*)'|substringof\('(?<part>(?:[^']|'')*)',\s*(?<in>name|resourceGroup)\))\s*(?:and\s+(?=\S)|\z)", RegexOptions.IgnoreCase)]
    private static partial Regex TermPattern();

    internal readonly record struct Term(string Name, string Operator, string Value)
    {
        public bool Holds(string? actual) => Operator switch
        {
            "ne" => !Value.Equals(actual, StringComparison.OrdinalIgnoreCase),
            "substring" => actual?.Contains(Value, StringComparison.OrdinalIgnoreCase) == true,
            _ => Value.Equals(actual, StringComparison.OrdinalIgnoreCase),
        };
    }
}
