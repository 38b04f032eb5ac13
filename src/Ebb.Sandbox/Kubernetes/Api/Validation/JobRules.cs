using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What Jobs and CronJobs must look like.</summary>
internal static class JobRules
{
    public static void CheckJob(JsonNode? spec, string path, Problems problems)
    {
        foreach (var count in new[]
        {
            "parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished",
        })
        {
            if (spec.Whole(count) is < 0)
            {
                problems.Add(Problem.Invalid($"{path}.{count}", spec![count], "must be greater than or equal to 0"));
            }
        }

        if (spec.Text("completionMode") is { } mode)
        {
            if (mode is not ("Indexed" or "NonIndexed"))
            {
                problems.Add(Problem.Unsupported($"{path}.completionMode", mode, "Indexed", "NonIndexed"));
            }
            else if (mode == "Indexed" && spec!["completions"] is null)
            {
                problems.Add(Problem.Required(
                    $"{path}.completions", "when completion mode is Indexed"));
            }
        }

        PodRules.CheckTemplate(spec?["template"], path + ".template", problems, restartAlways: false);
    }

    public static void CheckCronJob(JsonNode? spec, Problems problems)
    {
        var schedule = spec.Text("schedule");
        if (string.IsNullOrEmpty(schedule))
        {
            problems.Add(Problem.Required("spec.schedule"));
        }
        else if (!schedule.StartsWith('@') && schedule.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length != 5)
        {
            problems.Add(Problem.Invalid(
                "spec.schedule", schedule, $"expected exactly 5 fields, found " +
                $"{schedule.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length}: [{schedule}]"));
        }

        if (spec.Text("concurrencyPolicy") is { } policy and not ("Allow" or "Forbid" or "Replace"))
        {
            problems.Add(Problem.Unsupported("spec.concurrencyPolicy", policy, "Allow", "Forbid", "Replace"));
        }

        CheckJob(spec.At("jobTemplate", "spec"), "spec.jobTemplate.spec", problems);
    }
}
