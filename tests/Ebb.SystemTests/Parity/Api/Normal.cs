using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Ebb.SystemTests.Parity.Api;

/// <summary>Takes out of an answer what no two servers have in common: uids, versions, times, what was drawn by lot.</summary>
/// <param name="kept">What the server's earlier answers gave, by its name in the table.</param>
/// <param name="mask">What else is drawn by lot.</param>
internal sealed partial class Normal(IReadOnlyDictionary<string, string> kept, Regex? mask)
{
    public JsonNode? Of(JsonNode? body) => Of(body, "");

    private JsonNode? Of(JsonNode? node, string name)
    {
        switch (node)
        {
            case JsonObject json:
                return Of(json);
            case JsonArray list:
                return new JsonArray([.. list.Select(item => Of(item, name.TrimEnd('s')))]);
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                return Text(value.GetValue<string>(), name);
            case JsonValue value when name == "nodePort" && value.GetValueKind() == JsonValueKind.Number:
                return value.GetValue<int>() is >= 30000 and <= 32767 ? "<node port>" : value.DeepClone();
            default:
                return node?.DeepClone();
        }
    }

    private JsonObject Of(JsonObject json)
    {
        var result = new JsonObject();
        foreach (var (name, value) in json)
        {
            // To a reader of either, null and nothing are the same.
            if (value is not null && !(name == "continue" && value.AsTextOrNull() is ""))
            {
                result[name] = Of(value, name);
            }
        }

        if ((json["metadata"] as JsonObject)?["generateName"].AsTextOrNull() is { Length: > 0 } prefix
            && json["metadata"]!["name"].AsTextOrNull()?.StartsWith(prefix[..Math.Min(58, prefix.Length)], StringComparison.Ordinal) == true)
        {
            result["metadata"]!["name"] = "<generated>";
        }

        if (result["details"] is JsonObject { Count: > 0 } details && details["causes"] is JsonArray { Count: > 1 } causes)
        {
            Sort(result, details, causes);
        }

        if (json["kind"].AsTextOrNull() == "Table")
        {
            Ages(result);
        }

        return result;
    }

    /// <summary>What is wrong in several places is named in any order, and sometimes twice.</summary>
    private static void Sort(JsonObject status, JsonObject details, JsonArray causes)
    {
        var sorted = causes.Select(cause => cause!.DeepClone()).DistinctBy(cause => cause.ToJsonString())
            .OrderBy(cause => cause["field"].AsTextOrNull(), StringComparer.Ordinal)
            .ThenBy(cause => cause["message"].AsTextOrNull(), StringComparer.Ordinal).ToArray();
        details["causes"] = new JsonArray(sorted);
        if (status["message"].AsTextOrNull() is { } message && message.IndexOf(" is invalid: [", StringComparison.Ordinal) is > 0 and var at)
        {
            status["message"] = message[..at] + " is invalid: "
                + string.Join(", ", sorted.Select(cause => cause["field"].AsTextOrNull() + ": " + cause["message"].AsTextOrNull()).Distinct());
        }
    }

    private static void Ages(JsonObject table)
    {
        foreach (var row in table["rows"] as JsonArray ?? [])
        {
            foreach (var cell in (row?["cells"] as JsonArray ?? []).ToArray())
            {
                if (cell.AsTextOrNull() is { } text && Age().IsMatch(text))
                {
                    cell!.ReplaceWith("<age>");
                }
            }
        }
    }

    private JsonNode Text(string text, string name)
    {
        switch (name)
        {
            case "uid" when text.Length > 0:
                return "<uid>";
            case "resourceVersion" when text.Length > 0 && text.All(char.IsAsciiDigit):
                return text == "0" ? "0" : "<version>";
            case "continue" when text.Length > 0:
                return "<continue>";
            case "clusterIP" when text.StartsWith("10.", StringComparison.Ordinal):
                return "<address>";
            case "token" when text.Length > 0:
                return "<token>";
        }

        text = Uid().Replace(text, "<uid>");
        text = MicroTime().Replace(text, "<microtime>");
        text = Time().Replace(text, "<time>");
        foreach (var (key, value) in kept)
        {
            if (key != "ns" && value.Length > 0)
            {
                text = Regex.Replace(text, $@"(?<!\w){Regex.Escape(value)}(?!\w)", $"<{key}>");
            }
        }

        text = mask?.Replace(text, "<masked>") ?? text;
        text = IntOrString().Replace(text, match => match.Groups["type"].Value == "0" ? match.Groups["int"].Value : $"\"{match.Groups["text"].Value}\"");
        text = Value().Replace(text, " value: <value>: ");
        return Version().Replace(text, "resource version: <n>");
    }

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Uid();

    [GeneratedRegex(@"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]+Z")]
    private static partial Regex MicroTime();

    [GeneratedRegex("20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z")]
    private static partial Regex Time();

    [GeneratedRegex(@"resource version: [0-9]+( \([0-9]+\)|, current: [0-9]+)?")]
    private static partial Regex Version();

    [GeneratedRegex(@"intstr\.IntOrString\{Type:(?<type>[01]), IntVal:(?<int>-?[0-9]+), StrVal:""(?<text>[^""]*)""\}")]
    private static partial Regex IntOrString();

    // Of what is more than a word or a number, the real one shows how its language writes it, with addresses.
    [GeneratedRegex(@" value: ([\[\{].*[\]\}]|\[\][\w.*]+\{.*\}|&?[a-z0-9]+\.\w+\{.*\}|\[\]\w+\(nil\)|map\[string\]\w+(\{.*\}|\(nil\))|""(null|\{.*\})""|null): ")]
    private static partial Regex Value();

    [GeneratedRegex("^([0-9]+[smhdy])+$")]
    private static partial Regex Age();
}
