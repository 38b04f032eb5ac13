using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What containers may ask for.</summary>
internal static class ResourceRules
{
    public static void Check(JsonObject? resources, string path, Problems problems)
    {
        var limits = resources.Object("limits");
        foreach (var (resource, amount) in limits ?? [])
        {
            CheckAmount(resource, amount, $"{path}.limits[{resource}]", problems);
        }

        foreach (var (resource, amount) in resources.Object("requests") ?? [])
        {
            CheckAmount(resource, amount, $"{path}.requests[{resource}]", problems);
            var whole = !MayExceed(resource);
            if (limits?[resource] is not { } limit)
            {
                if (whole)
                {
                    problems.Add(Problem.Required(path + ".limits", "Limit must be set for non overcommitable resources"));
                }

                continue;
            }

            var (wanted, most) = (Quantity.ValueOf(amount), Quantity.ValueOf(limit));
            if (whole && wanted != most)
            {
                problems.Add(Problem.Invalid(path + ".requests", Text(amount), $"must be equal to {resource} limit of {Text(limit)}"));
            }
            else if (wanted > most)
            {
                problems.Add(Problem.Invalid(
                    path + ".requests", Text(amount), $"must be less than or equal to {resource} limit of {Text(limit)}"));
            }
        }
    }

    private static void CheckAmount(string resource, JsonNode? amount, string field, Problems problems)
    {
        foreach (var wrong in Names.WrongInKey(resource))
        {
            problems.Add(Problem.Invalid(field, resource, wrong));
        }

        if (!resource.Contains('/', StringComparison.Ordinal) && !IsStandard(resource))
        {
            problems.Add(Problem.Invalid(field, resource, "must be a standard resource type or fully qualified"));
            problems.Add(Problem.Invalid(field, resource, "must be a standard resource for containers"));
        }

        if (Quantity.ValueOf(amount) < 0)
        {
            problems.Add(Problem.Invalid(field, Text(amount), "must be greater than or equal to 0"));
        }

        if (!MayExceed(resource) && Quantity.ValueOf(amount) % 1 != 0)
        {
            problems.Add(Problem.Invalid(field, Text(amount), "must be an integer"));
        }
    }

    private static bool IsStandard(string resource) => resource is "cpu" or "memory" or "ephemeral-storage"
        || resource.StartsWith("hugepages-", StringComparison.Ordinal);

    /// <summary>Of what the system itself knows, less may be asked for than is allowed; of all else there are pieces.</summary>
    private static bool MayExceed(string resource) =>
        !resource.StartsWith("hugepages-", StringComparison.Ordinal)
        && (!resource.Contains('/', StringComparison.Ordinal) || resource.Contains("kubernetes.io/", StringComparison.Ordinal));

    private static string Text(JsonNode? amount) =>
        amount is JsonValue value && value.GetValueKind() == JsonValueKind.Number ? value.ToJsonString() : amount.Text() ?? "";
}
