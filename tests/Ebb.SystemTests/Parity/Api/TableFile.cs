using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Ebb.SystemTests.Parity.Api;

/// <summary>
/// Reads the table of requests. A file is a list of scenarios ("== title"), each a list of requests parted by blank lines:
/// a line "METHOD path", lines ": option value", then the body. "~" in a path is the scenario's namespace ("~/pods",
/// "~apps/v1/deployments"). A body "@name {...}" is what "let name {...}" said, with a merge patch applied; "&lt; text" lines
/// are sent as they are. "{{name}}" is what ": keep name path" took from an earlier answer, "{{x:1000}}" a thousand x.
/// </summary>
internal sealed partial class TableFile(string name)
{
    private static readonly Dictionary<string, string> Types = new()
    {
        ["json-patch"] = "application/json-patch+json",
        ["merge"] = "application/merge-patch+json",
        ["strategic"] = "application/strategic-merge-patch+json",
        ["apply"] = "application/apply-patch+yaml",
        ["yaml"] = "application/yaml",
        ["table"] = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
        ["table-beta"] = "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
        ["metadata"] = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json",
        ["metadata-list"] = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json",
    };

    private readonly Dictionary<string, JsonObject> _templates = [];

    public static IEnumerable<Scenario> ReadAll() =>
        Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(file => file.EndsWith(".http", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .SelectMany(file => new TableFile(file[..^5]).Read(Text(file)));

    public static string Text(string resource)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private List<Scenario> Read(string text)
    {
        var scenarios = new List<Scenario>();
        var steps = new List<Step>();
        var lines = text.Split('\n');
        for (var at = 0; at < lines.Length; at++)
        {
            var line = lines[at];
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var from = at;
            if (line.StartsWith("== ", StringComparison.Ordinal))
            {
                steps = [];
                scenarios.Add(new Scenario(name, line[3..].Trim(), steps));
                continue;
            }

            while (at + 1 < lines.Length && lines[at + 1].Length > 0 && !lines[at + 1].StartsWith("== ", StringComparison.Ordinal))
            {
                at++;
            }

            var block = lines[from..(at + 1)];
            if (line.StartsWith("let ", StringComparison.Ordinal))
            {
                var words = string.Join('\n', block).Split(' ', 3);
                _templates[words[1]] = Expand(words[2], from + 1).AsObject();
            }
            else
            {
                steps.Add(ReadStep(block, from + 1));
            }
        }

        return scenarios;
    }

    private Step ReadStep(string[] block, int line)
    {
        var words = block[0].Split(' ', 2);
        if (words.Length < 2 || !Method().IsMatch(words[0]))
        {
            throw new InvalidDataException($"{name}.http:{line}: '{block[0]}' is no request: METHOD path.");
        }

        var step = new Step(line, words[0], Place(words[1].Trim()));
        var at = 1;
        for (; at < block.Length && block[at].StartsWith(": ", StringComparison.Ordinal); at++)
        {
            step = Option(step, block[at][2..].Split(' ', 3, StringSplitOptions.RemoveEmptyEntries), line + at);
        }

        if (at == block.Length)
        {
            return step;
        }

        var body = block[at..];
        var raw = body[0].StartsWith('<');
        return step with
        {
            Body = raw
                ? string.Join('\n', body.Select(text => text.Length > 2 ? text[2..] : ""))
                : Expand(string.Join('\n', body), line + at).ToJsonString(),
        };
    }

    private static Step Option(Step step, string[] words, int line) => words switch
    {
        ["type", var type] => step with { ContentType = Types.GetValueOrDefault(type, type) },
        ["type", var type, var more] => step with { ContentType = type + " " + more },
        ["accept", var type] => step with { Headers = [.. step.Headers, ("Accept", Types.GetValueOrDefault(type, type))] },
        ["header", var header, var value] => step with { Headers = [.. step.Headers, (header, value)] },
        ["anonymous"] => step with { Anonymous = true },
        ["take", var count] => step with { Take = int.Parse(count) },
        ["keep", var kept, var path] => step with { Keep = [.. step.Keep, (kept, path)] },
        ["until", var text] => step with { Until = text },
        ["mask", var pattern] => step with { Mask = new Regex(pattern) },
        ["differs", var id] => step with { Differs = [.. step.Differs, (id, Message())] },
        ["differs", var id, var where] => step with { Differs = [.. step.Differs, (id, new Regex(where))] },
        _ => throw new InvalidDataException($"line {line}: unknown option '{string.Join(' ', words)}'."),
    };

    private JsonNode Expand(string text, int line)
    {
        try
        {
            if (text[0] != '@')
            {
                return JsonNode.Parse(text)!;
            }

            var words = text[1..].Split([' ', '\n'], 2);
            var json = _templates[words[0]].DeepClone().AsObject();
            if (words.Length > 1)
            {
                Merge(json, JsonNode.Parse(words[1])!.AsObject());
            }

            return json;
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or KeyNotFoundException)
        {
            throw new InvalidDataException($"{name}.http:{line}: {e.Message}", e);
        }
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (key, value) in patch)
        {
            if (value is null)
            {
                target.Remove(key);
            }
            else if (value is JsonObject inner && target[key] is JsonObject old)
            {
                Merge(old, inner);
            }
            else
            {
                target[key] = value.DeepClone();
            }
        }
    }

    private static string Place(string path)
    {
        if (path[0] != '~')
        {
            return path;
        }

        if (path[1] == '/')
        {
            return "/api/v1/namespaces/{{ns}}" + path[1..];
        }

        var parts = path[1..].Split('/', 3);
        return new StringBuilder("/apis/").Append(parts[0]).Append('/').Append(parts[1])
            .Append("/namespaces/{{ns}}/").Append(parts[2]).ToString();
    }

    [GeneratedRegex("^[A-Z]+$")]
    private static partial Regex Method();

    [GeneratedRegex("^/message$|^/details/")]
    private static partial Regex Message();
}
