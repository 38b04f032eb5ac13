using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Controllers;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What Jobs and CronJobs must look like.</summary>
internal static class JobRules
{
    // The names of its Jobs are longer by eleven characters, and must still be labels.
    private const int MostOfCronName = 52;

    public static void CheckJob(JsonObject job, Problems problems)
    {
        var spec = job["spec"];
        CheckSpec(spec, "spec", problems);
        AffinityRules.CheckLabelSelector(spec?["selector"], "spec.selector", problems);
        if (spec.IsTrue("manualSelector"))
        {
            if (spec?["selector"] is null)
            {
                problems.Add(Problem.Required("spec.selector"));
            }

            WorkloadRules.CheckMatch(spec?["selector"], spec?["template"], problems);
        }
        else if (spec.Object("selector") is { } selector && !LabelSelector.Of(selector).Matches(Generated(job)))
        {
            problems.Add(Problem.Invalid("spec.selector", selector.DeepClone(), "`selector` not auto-generated"));
            WorkloadRules.CheckMatch(selector, spec?["template"], problems);
        }
    }

    public static void CheckCronJob(JsonObject json, Problems problems)
    {
        var spec = json["spec"];
        if (json.Text("metadata", "name") is { Length: > MostOfCronName } name)
        {
            problems.Add(Problem.Invalid("metadata.name", name, $"must be no more than {MostOfCronName} characters"));
        }

        CheckSchedule(spec, problems);
        PodRules.OneOf(spec, "concurrencyPolicy", "spec", problems, "Allow", "Forbid", "Replace");
        WorkloadRules.CheckCounts(
            spec, "spec", problems, "startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit");
        CheckSpec(spec.At("jobTemplate", "spec"), "spec.jobTemplate.spec", problems);
    }

    private static void CheckSpec(JsonNode? spec, string path, Problems problems)
    {
        WorkloadRules.CheckCounts(
            spec,
            path,
            problems,
            "parallelism",
            "completions",
            "activeDeadlineSeconds",
            "backoffLimit",
            "ttlSecondsAfterFinished");
        if (spec.Text("completionMode") is { } mode)
        {
            if (mode is not ("Indexed" or "NonIndexed"))
            {
                problems.Add(Problem.Unsupported($"{path}.completionMode", mode, "Indexed", "NonIndexed"));
            }
            else if (mode == "Indexed" && spec!["completions"] is null)
            {
                problems.Add(Problem.Required($"{path}.completions", "when completion mode is Indexed"));
            }
        }

        PodRules.CheckTemplate(spec?["template"], path + ".template", problems, restartAlways: false);
    }

    private static void CheckSchedule(JsonNode? spec, Problems problems)
    {
        var schedule = spec.Text("schedule");
        if (string.IsNullOrEmpty(schedule))
        {
            problems.Add(Problem.Required("spec.schedule"));
            return;
        }

        var fields = schedule.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
        if (!schedule.StartsWith('@') && fields != 5)
        {
            problems.Add(Problem.Invalid(
                "spec.schedule", schedule, $"expected exactly 5 fields, found {fields}: [{schedule}]"));
        }
        else if (CronSchedule.Parse(schedule, spec.Text("timeZone")) is null)
        {
            problems.Add(Problem.Invalid("spec.schedule", schedule, "the schedule cannot be read"));
        }
    }

    private static JsonObject Generated(JsonObject job) => new()
    {
        ["batch.kubernetes.io/controller-uid"] = job.Text("metadata", "uid"),
        ["batch.kubernetes.io/job-name"] = job.Text("metadata", "name"),
        ["controller-uid"] = job.Text("metadata", "uid"),
        ["job-name"] = job.Text("metadata", "name"),
    };
}
