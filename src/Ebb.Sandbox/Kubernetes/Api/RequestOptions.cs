using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Validation;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Holds the parameters of a request against what they may be, before anything is done.</summary>
internal static class RequestOptions
{
    private const int MostOfManager = 128;

    /// <summary>Of a write.</summary>
    /// <param name="kind">As refusals name it: "CreateOptions".</param>
    /// <exception cref="ApiException">422.</exception>
    public static void CheckWrite(Call call, string kind, bool managerNeeded = false)
    {
        var problems = Problems.OfOptions(kind);
        CheckDryRun([.. call.Query.All("dryRun")], problems);
        var manager = call.Query["fieldManager"] ?? "";
        if (managerNeeded && manager.Length == 0)
        {
            problems.Add(Problem.Required("fieldManager", "is required for apply patch"));
        }

        if (manager.Length > MostOfManager)
        {
            problems.Add(Problem.TooLong("fieldManager", MostOfManager));
        }

        if (manager.FirstOrDefault(char.IsControl) is not '\0' and var odd)
        {
            problems.Add(Problem.Invalid(
                "fieldManager", manager, $"should not contain non-printable characters (found {(int)odd})"));
        }

        if (call.Query["force"] is not null && kind == "PatchOptions" && !managerNeeded)
        {
            problems.Add(Problem.Forbidden("force", "may not be specified for non-apply patch"));
        }

        problems.ThrowIfAny();
    }

    /// <summary>Of a deletion: the body where there is one, and the query.</summary>
    /// <exception cref="ApiException">422.</exception>
    public static void CheckDelete(JsonNode? body, IEnumerable<string> dryRun, string? propagation)
    {
        var problems = Problems.OfOptions("DeleteOptions");
        if (propagation is not null && body.At("orphanDependents") is not null)
        {
            problems.Add(Problem.Invalid(
                "propagationPolicy", propagation, "orphanDependents and deletionPropagation cannot be both set"));
        }

        if (propagation is not (null or "Foreground" or "Background" or "Orphan"))
        {
            problems.Add(Problem.Unsupported("propagationPolicy", propagation, "Foreground", "Background", "Orphan", "nil"));
        }

        CheckDryRun([.. dryRun], problems);
        problems.ThrowIfAny();
    }

    /// <summary>Of a list.</summary>
    /// <exception cref="ApiException">422.</exception>
    public static void CheckList(Query query)
    {
        const string field = "resourceVersionMatch";
        if (query[field] is not { } match)
        {
            return;
        }

        var problems = Problems.OfOptions("ListOptions");
        if (query["resourceVersion"] is null)
        {
            problems.Add(Problem.Forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
        }

        if (query["continue"] is not null)
        {
            problems.Add(Problem.Forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
        }

        if (match is not ("Exact" or "NotOlderThan"))
        {
            problems.Add(Problem.Unsupported(field, match, "Exact", "NotOlderThan", ""));
        }

        if (match == "Exact" && query["resourceVersion"] == "0")
        {
            problems.Add(Problem.Forbidden(field, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
        }

        problems.ThrowIfAny();
    }

    private static void CheckDryRun(string[] dryRun, Problems problems)
    {
        if (dryRun.Any(value => value != "All"))
        {
            problems.Add(new Problem(
                "FieldValueNotSupported",
                "dryRun",
                $"Unsupported value: [{string.Join(',', dryRun.Select(value => $"\"{value}\""))}]: supported values: \"All\""));
        }
    }
}
