using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What affinities and the selectors in objects must look like.</summary>
internal static class AffinityRules
{
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";

    public static void Check(JsonNode? affinity, string path, Problems problems)
    {
        if (affinity.Object("nodeAffinity") is { } node)
        {
            if (node.Object(Required) is { } required)
            {
                CheckNodeSelector(required, $"{path}.nodeAffinity.{Required}", problems);
            }

            foreach (var (term, at) in Items(node, Preferred, $"{path}.nodeAffinity"))
            {
                CheckWeight(term, at, problems);
                CheckNodeTerm(term["preference"], at + ".preference", problems);
            }
        }

        foreach (var part in new[] { "podAffinity", "podAntiAffinity" })
        {
            foreach (var (term, at) in Items(affinity.Object(part), Required, $"{path}.{part}"))
            {
                CheckPodTerm(term, at, problems);
            }

            foreach (var (term, at) in Items(affinity.Object(part), Preferred, $"{path}.{part}"))
            {
                CheckWeight(term, at, problems);
                CheckPodTerm(term["podAffinityTerm"], at + ".podAffinityTerm", problems);
            }
        }
    }

    public static void CheckNodeSelector(JsonObject selector, string path, Problems problems)
    {
        if (selector.Array("nodeSelectorTerms") is not { Count: > 0 })
        {
            problems.Add(Problem.Required(path + ".nodeSelectorTerms", "must have at least one node selector term"));
        }

        foreach (var (term, at) in Items(selector, "nodeSelectorTerms", path))
        {
            CheckNodeTerm(term, at, problems);
        }
    }

    /// <summary>The selector of labels that objects carry.</summary>
    public static void CheckLabelSelector(JsonNode? selector, string path, Problems problems)
    {
        Names.CheckLabels(selector?["matchLabels"], path + ".matchLabels", problems);
        foreach (var (expression, at) in Items(selector, "matchExpressions", path))
        {
            var operation = expression.Text("operator") ?? "";
            CheckValues(expression, at, operation, problems);
            if (operation is not ("In" or "NotIn" or "Exists" or "DoesNotExist"))
            {
                problems.Add(Problem.Invalid(at + ".operator", operation, "not a valid selector operator"));
            }

            Names.CheckKey(expression.Text("key") ?? "", at + ".key", problems);
        }
    }

    private static void CheckNodeTerm(JsonNode? term, string path, Problems problems)
    {
        foreach (var (expression, at) in Items(term, "matchExpressions", path))
        {
            var operation = expression.Text("operator") ?? "";
            CheckValues(expression, at, operation, problems);
            if (operation is "Gt" or "Lt" && expression.Array("values") is not { Count: 1 })
            {
                problems.Add(Problem.Required(
                    at + ".values", "must be specified single value when `operator` is 'Lt' or 'Gt'"));
            }
            else if (operation is not ("In" or "NotIn" or "Exists" or "DoesNotExist" or "Gt" or "Lt"))
            {
                problems.Add(Problem.Invalid(at + ".operator", operation, "not a valid selector operator"));
            }

            Names.CheckKey(expression.Text("key") ?? "", at + ".key", problems);
        }
    }

    private static void CheckValues(JsonObject expression, string at, string operation, Problems problems)
    {
        var any = expression.Array("values") is { Count: > 0 };
        if (operation is "In" or "NotIn" && !any)
        {
            problems.Add(Problem.Required(at + ".values", "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        else if (operation is "Exists" or "DoesNotExist" && any)
        {
            problems.Add(Problem.Forbidden(
                at + ".values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        }
    }

    private static void CheckPodTerm(JsonNode? term, string path, Problems problems)
    {
        // The real server, too, names the selector so.
        CheckLabelSelector(term?["labelSelector"], path + ".matchExpressions", problems);
        var key = term.Text("topologyKey") ?? "";
        if (key.Length == 0)
        {
            problems.Add(Problem.Required(path + ".topologyKey", "can not be empty"));
        }

        Names.CheckKey(key, path + ".topologyKey", problems);
    }

    private static void CheckWeight(JsonObject term, string path, Problems problems)
    {
        if (term.Whole("weight") is not (>= 1 and <= 100))
        {
            problems.Add(Problem.Invalid(path + ".weight", term["weight"] ?? 0, "must be in the range 1-100"));
        }
    }

    private static IEnumerable<(JsonObject Item, string At)> Items(JsonNode? owner, string name, string path) =>
        owner.Objects(name).Select((item, i) => (item, $"{path}.{name}[{i}]"));
}
