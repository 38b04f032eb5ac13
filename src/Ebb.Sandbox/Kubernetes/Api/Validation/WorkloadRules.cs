using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What Deployments and their like, and budgets, must look like.</summary>
internal static partial class WorkloadRules
{
    private const string PercentRule =
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for " +
        "validation is '[0-9]+%')";

    private const string NotNegative = "must be greater than or equal to 0";

    public static void Check(string plural, JsonNode? spec, Problems problems)
    {
        CheckCounts(spec, "spec", problems, "replicas", "minReadySeconds", "revisionHistoryLimit");
        CheckSelector(plural, spec, problems);
        PodRules.CheckTemplate(spec?["template"], "spec.template", problems, restartAlways: true);
        switch (plural)
        {
            case "deployments":
                CheckDeployment(spec, problems);
                break;
            case "statefulsets":
                CheckStatefulSet(spec, problems);
                break;
            case "daemonsets":
                CheckDaemonSet(spec, problems);
                break;
        }
    }

    public static void CheckReplicationController(JsonNode? spec, Problems problems)
    {
        CheckCounts(spec, "spec", problems, "replicas", "minReadySeconds");
        if (spec.Object("selector") is not { Count: > 0 })
        {
            problems.Add(Problem.Required("spec.selector"));
        }

        if (spec.Object("template") is not { } template)
        {
            problems.Add(Problem.Required("spec.template"));
            return;
        }

        CheckMatch(new JsonObject { ["matchLabels"] = spec!["selector"]?.DeepClone() }, template, problems);
        PodRules.CheckTemplate(template, "spec.template", problems, restartAlways: true);
    }

    public static void CheckBudget(JsonNode? spec, Problems problems)
    {
        if (spec?["minAvailable"] is not null && spec["maxUnavailable"] is not null)
        {
            problems.Add(Problem.Invalid("spec", spec.DeepClone(), "minAvailable and maxUnavailable cannot be both set"));
        }

        CheckShare(spec?["minAvailable"], "spec.minAvailable", problems, atMostAll: true);
        CheckShare(spec?["maxUnavailable"], "spec.maxUnavailable", problems, atMostAll: true);
        AffinityRules.CheckLabelSelector(spec?["selector"], "spec.selector", problems);
    }

    public static void CheckCounts(JsonNode? spec, string path, Problems problems, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (spec.Whole(name) is < 0)
            {
                problems.Add(Problem.Invalid($"{path}.{name}", spec![name], NotNegative));
            }
        }
    }

    /// <summary>The labels of a template must be selected by what selects its pods.</summary>
    public static void CheckMatch(JsonNode? selector, JsonNode? template, Problems problems)
    {
        var labels = template.At("metadata", "labels");
        if (selector is null || !LabelSelector.Of(selector).Matches(labels))
        {
            problems.Add(Problem.Invalid(
                "spec.template.metadata.labels",
                labels?.DeepClone() ?? new JsonObject(),
                "`selector` does not match template `labels`"));
        }
    }

    private static void CheckSelector(string plural, JsonNode? spec, Problems problems)
    {
        const string field = "spec.selector";
        var selector = spec.Object("selector");
        if (selector is null)
        {
            problems.Add(Problem.Required(field));
        }
        else if (selector.Object("matchLabels") is not { Count: > 0 } && selector.Array("matchExpressions") is not { Count: > 0 })
        {
            var kind = plural is "replicasets" ? "deployment" : plural[..^1];
            problems.Add(Problem.Invalid(field, selector.DeepClone(), $"empty selector is invalid for {kind}"));
            return;
        }

        var before = problems.Count;
        AffinityRules.CheckLabelSelector(selector, field, problems);
        if (problems.Count > before)
        {
            problems.Add(Problem.Invalid(field, selector!.DeepClone(), "invalid label selector"));
        }
        else
        {
            CheckMatch(selector, spec?["template"], problems);
        }
    }

    private static void CheckDeployment(JsonNode? spec, Problems problems)
    {
        const string field = "spec.strategy";
        var rolling = spec.Object("strategy", "rollingUpdate");
        switch (spec.Text("strategy", "type"))
        {
            case "Recreate" when rolling is not null:
                problems.Add(Problem.Forbidden(
                    field + ".rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"));
                break;
            case "RollingUpdate":
                CheckShare(rolling?["maxUnavailable"], field + ".rollingUpdate.maxUnavailable", problems, atMostAll: true);
                CheckShare(rolling?["maxSurge"], field + ".rollingUpdate.maxSurge", problems, atMostAll: false);
                if (ShareOf(rolling?["maxUnavailable"]) == 0 && ShareOf(rolling?["maxSurge"]) == 0)
                {
                    problems.Add(Problem.Invalid(
                        field + ".rollingUpdate.maxUnavailable", rolling!["maxUnavailable"], "may not be 0 when `maxSurge` is 0"));
                }

                break;
            case "Recreate":
                break;
            default:
                problems.Add(Problem.Unsupported(field, spec?["strategy"], "Recreate", "RollingUpdate"));
                break;
        }

        if (spec.Whole("progressDeadlineSeconds") is { } deadline)
        {
            CheckCounts(spec, "spec", problems, "progressDeadlineSeconds");
            if (deadline <= (spec.Whole("minReadySeconds") ?? 0))
            {
                problems.Add(Problem.Invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"));
            }
        }
    }

    private static void CheckStatefulSet(JsonNode? spec, Problems problems)
    {
        if (spec.Text("podManagementPolicy") is { } policy and not ("OrderedReady" or "Parallel"))
        {
            problems.Add(Problem.Invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"));
        }

        switch (spec.Text("updateStrategy", "type"))
        {
            case "OnDelete" when spec.Object("updateStrategy", "rollingUpdate") is { } rolling:
                problems.Add(Problem.Invalid(
                    "spec.updateStrategy.rollingUpdate", rolling.DeepClone(), "only allowed for updateStrategy 'RollingUpdate'"));
                break;
            case "RollingUpdate":
                CheckCounts(spec.At("updateStrategy", "rollingUpdate"), "spec.updateStrategy.rollingUpdate", problems, "partition");
                break;
            case null or "OnDelete":
                break;
            default:
                problems.Add(Problem.Invalid(
                    "spec.updateStrategy", spec!["updateStrategy"]!.DeepClone(), "must be 'RollingUpdate' or 'OnDelete'"));
                break;
        }
    }

    private static void CheckDaemonSet(JsonNode? spec, Problems problems)
    {
        const string field = "spec.updateStrategy";
        if (spec.Text("updateStrategy", "type") is { } type and not ("RollingUpdate" or "OnDelete"))
        {
            problems.Add(Problem.Unsupported(field, spec!["updateStrategy"], "RollingUpdate", "OnDelete"));
        }
        else if (spec.Object("updateStrategy", "rollingUpdate") is { } rolling)
        {
            CheckShare(rolling["maxUnavailable"], field + ".rollingUpdate.maxUnavailable", problems, atMostAll: true);
            if (ShareOf(rolling["maxUnavailable"]) == 0 && ShareOf(rolling["maxSurge"]) is null or 0)
            {
                problems.Add(Problem.Invalid(
                    field + ".rollingUpdate.maxUnavailable", rolling["maxUnavailable"], "cannot be 0 when maxSurge is 0"));
            }
        }
    }

    private static void CheckShare(JsonNode? share, string field, Problems problems, bool atMostAll)
    {
        if (share.Text() is { } text && !Percent().IsMatch(text))
        {
            problems.Add(Problem.Invalid(field, text, PercentRule));
        }
        else if (share.Whole() is < 0)
        {
            problems.Add(Problem.Invalid(field, share, NotNegative));
        }
        else if (atMostAll && share.Text() is not null && ShareOf(share) > 100)
        {
            problems.Add(Problem.Invalid(field, share.Text(), "must not be greater than 100%"));
        }
    }

    /// <summary>The number before the percent sign, or alone; null when there is none.</summary>
    private static long? ShareOf(JsonNode? share) => share.Whole()
        ?? (long.TryParse(share.Text()?.TrimEnd('%'), NumberStyles.None, CultureInfo.InvariantCulture, out var percent) ? percent : null);

    [GeneratedRegex(@"^[0-9]+%\z")]
    private static partial Regex Percent();
}
