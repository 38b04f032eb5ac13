using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>Holds a custom object against the schema of its CustomResourceDefinition, and fills in what that says.</summary>
internal static class CustomRules
{
    // A pattern is a user's: it must not hold the server up.
    private static readonly TimeSpan PatternTime = TimeSpan.FromMilliseconds(100);

    /// <summary>Sets what is missing, or null where it may not be, to the default of its schema.</summary>
    public static void Default(JsonNode? value, JsonNode? schema)
    {
        switch (value)
        {
            case JsonObject json:
                foreach (var (name, property) in schema.Object("properties") ?? [])
                {
                    if (json[name] is null && property.At("default") is { } given && !(json.ContainsKey(name) && property.IsTrue("nullable")))
                    {
                        json[name] = given.DeepClone();
                    }

                    Default(json[name], property);
                }

                if (schema.Object("additionalProperties") is { } each)
                {
                    foreach (var (_, item) in json)
                    {
                        Default(item, each);
                    }
                }

                break;
            case JsonArray list:
                foreach (var item in list)
                {
                    Default(item, schema.Object("items"));
                }

                break;
        }
    }

    public static void Check(JsonObject json, JsonNode schema, Problems problems)
    {
        foreach (var (name, property) in schema.Object("properties") ?? [])
        {
            if (name is not ("metadata" or "apiVersion" or "kind") && json[name] is { } value)
            {
                Check(value, property, name, problems);
            }
        }

        CheckRequired(json, schema, "", problems);
    }

    private static void Check(JsonNode value, JsonNode? schema, string path, Problems problems)
    {
        if (!HasType(value, schema, path, problems))
        {
            return;
        }

        if (schema.Array("enum") is { } allowed && !allowed.Any(item => JsonNode.DeepEquals(item, value)))
        {
            problems.Add(Problem.Unsupported(path, value.DeepClone(), [.. allowed.Select(item => item.Text() ?? item?.ToJsonString() ?? "")]));
        }

        switch (value)
        {
            case JsonObject json:
                CheckObject(json, schema, path, problems);
                break;
            case JsonArray list:
                CheckList(list, schema, path, problems);
                break;
            case var text when text.Text() is { } said:
                CheckText(said, schema, path, problems);
                break;
            case var number when number.GetValueKind() == JsonValueKind.Number:
                CheckNumber(number, schema, path, problems);
                break;
        }
    }

    private static bool HasType(JsonNode value, JsonNode? schema, string path, Problems problems)
    {
        var found = value.GetValueKind() switch
        {
            JsonValueKind.String => "string",
            JsonValueKind.True or JsonValueKind.False => "boolean",
            JsonValueKind.Number => value.ToJsonString().AsSpan().IndexOfAny('.', 'e', 'E') < 0 ? "integer" : "number",
            JsonValueKind.Array => "array",
            _ => "object",
        };
        var wanted = schema.Text("type");
        if (wanted is null || wanted == found || (wanted == "number" && found == "integer"))
        {
            return true;
        }

        problems.Add(Problem.Invalid(path, found, $"{path} in body must be of type {wanted}: \"{found}\""));
        return false;
    }

    private static void CheckObject(JsonObject json, JsonNode? schema, string path, Problems problems)
    {
        var properties = schema.Object("properties");
        foreach (var (name, value) in json)
        {
            if (value is not null && (properties?[name] ?? schema.Object("additionalProperties")) is { } inner)
            {
                Check(value, inner, $"{path}.{name}", problems);
            }
        }

        CheckRequired(json, schema, path + ".", problems);
    }

    private static void CheckRequired(JsonObject json, JsonNode? schema, string path, Problems problems)
    {
        foreach (var name in schema.Texts("required").Where(name => json[name] is null))
        {
            problems.Add(Problem.Required(path + name));
        }
    }

    private static void CheckList(JsonArray list, JsonNode? schema, string path, Problems problems)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is { } item)
            {
                Check(item, schema.Object("items"), $"{path}[{i}]", problems);
            }
        }

        Bound(list.Count, schema, "minItems", "maxItems", path, "have", "items", problems, list.DeepClone());
    }

    private static void CheckText(string text, JsonNode? schema, string path, Problems problems)
    {
        if (schema.Text("pattern") is { } pattern && !Regex.IsMatch(text, pattern, RegexOptions.CultureInvariant, PatternTime))
        {
            problems.Add(Problem.Invalid(path, text, $"{path} in body should match '{pattern}'"));
        }

        Bound(text.Length, schema, "minLength", "maxLength", path, "be", "chars long", problems, text);
    }

    private static void CheckNumber(JsonNode number, JsonNode? schema, string path, Problems problems)
    {
        var value = double.Parse(number.ToJsonString(), CultureInfo.InvariantCulture);
        if (schema?["minimum"] is { } least && value < double.Parse(least.ToJsonString(), CultureInfo.InvariantCulture))
        {
            problems.Add(Problem.Invalid(
                path, number.DeepClone(), $"{path} in body should be greater than or equal to {least.ToJsonString()}"));
        }

        if (schema?["maximum"] is { } most && value > double.Parse(most.ToJsonString(), CultureInfo.InvariantCulture))
        {
            problems.Add(Problem.Invalid(
                path, number.DeepClone(), $"{path} in body should be less than or equal to {most.ToJsonString()}"));
        }
    }

    private static void Bound(
        int count, JsonNode? schema, string least, string most, string path, string verb, string what, Problems problems, JsonNode value)
    {
        if (schema.Whole(least) is { } min && count < min)
        {
            problems.Add(Problem.Invalid(path, value, $"{path} in body should {verb} at least {min} {what}"));
        }
        else if (schema.Whole(most) is { } max && count > max)
        {
            problems.Add(Problem.Invalid(path, value, $"{path} in body should {verb} at most {max} {what}"));
        }
    }
}
