using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What ConfigMaps and Secrets must look like.</summary>
internal static partial class DataRules
{
    private const int MostBytes = 1024 * 1024;
    private const int MostOfKey = 253;

    private const string KeyRule =
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or " +
        "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

    public static void CheckConfigMap(JsonObject json, Problems problems)
    {
        var total = 0L;
        var binary = json.Object("binaryData");
        foreach (var (key, value) in json.Object("data") ?? [])
        {
            CheckKey(key, "data", problems);
            if (binary?.ContainsKey(key) == true)
            {
                problems.Add(Problem.Invalid($"data[{key}]", key, "duplicate of key present in binaryData"));
            }

            total += Encoding.UTF8.GetByteCount(value.Text() ?? "");
        }

        foreach (var (key, value) in binary ?? [])
        {
            CheckKey(key, "binaryData", problems);
            total += Decoded(value);
        }

        if (total > MostBytes)
        {
            // The object as a whole: the real one names no field here.
            problems.Add(Problem.TooLong("[]", MostBytes));
        }
    }

    public static void CheckSecret(JsonObject json, Problems problems)
    {
        var total = 0L;
        var data = json.Object("data");
        foreach (var (key, value) in data ?? [])
        {
            CheckKey(key, "data", problems);
            total += Decoded(value);
        }

        if (total > MostBytes)
        {
            problems.Add(Problem.TooLong("data", MostBytes));
        }

        string[] needed = json.Text("type") switch
        {
            "kubernetes.io/tls" => ["tls.crt", "tls.key"],
            "kubernetes.io/dockercfg" => [".dockercfg"],
            "kubernetes.io/dockerconfigjson" => [".dockerconfigjson"],
            "kubernetes.io/ssh-auth" => ["ssh-privatekey"],
            _ => [],
        };
        foreach (var key in needed.Where(key => data?.ContainsKey(key) != true))
        {
            problems.Add(Problem.Required($"data[{key}]"));
        }

        if (json.Text("type") == "kubernetes.io/basic-auth"
            && data?.ContainsKey("username") != true && data?.ContainsKey("password") != true)
        {
            // Spelled as the real one spells it.
            problems.Add(Problem.Required("data[%s][username]"));
            problems.Add(Problem.Required("data[%s][password]"));
        }

        if (json.Text("type") == "kubernetes.io/service-account-token"
            && string.IsNullOrEmpty(json.At("metadata", "annotations").Text("kubernetes.io/service-account.name")))
        {
            problems.Add(Problem.Required("metadata.annotations[kubernetes.io/service-account.name]"));
        }
    }

    /// <summary>What may change of one that calls itself immutable.</summary>
    public static void CheckFixed(KubeObject stored, JsonObject json, Problems problems, params string[] parts)
    {
        const string refusal = "field is immutable when `immutable` is set";
        if (!stored.Json.IsTrue("immutable"))
        {
            return;
        }

        if (!json.IsTrue("immutable"))
        {
            problems.Add(Problem.Forbidden("immutable", refusal));
        }

        foreach (var part in parts.Where(part => !JsonNode.DeepEquals(stored.Json[part], json[part])))
        {
            problems.Add(Problem.Forbidden(part, refusal));
        }
    }

    private static void CheckKey(string key, string field, Problems problems)
    {
        if (key.Length > MostOfKey)
        {
            problems.Add(Problem.Invalid($"{field}[{key}]", key, $"must be no more than {MostOfKey} characters"));
        }

        if (!Key().IsMatch(key))
        {
            problems.Add(Problem.Invalid($"{field}[{key}]", key, KeyRule));
        }
        else if (key is ".")
        {
            problems.Add(Problem.Invalid($"{field}[{key}]", key, "must not be '.'"));
        }
        else if (key is "..")
        {
            problems.Add(Problem.Invalid($"{field}[{key}]", key, "must not be '..'"));
        }
        else if (key.StartsWith("..", StringComparison.Ordinal))
        {
            problems.Add(Problem.Invalid($"{field}[{key}]", key, "must not start with '..'"));
        }
    }

    private static long Decoded(JsonNode? base64)
    {
        var text = base64.Text() ?? "";
        return (text.Length / 4 * 3) - text.AsSpan().Count('=');
    }

    [GeneratedRegex(@"^[-._a-zA-Z0-9]+\z")]
    private static partial Regex Key();
}
