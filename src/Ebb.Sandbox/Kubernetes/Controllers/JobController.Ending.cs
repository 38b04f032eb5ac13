using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

// When a Job is over.
internal sealed partial class JobController
{
    private (bool Complete, string Reason, string Message)? Verdict(
        KubeObject job, JobWork work, JobTally tally, int active, List<KubeObject> pods)
    {
        if (tally.FailedByPolicy is { } policy)
        {
            return (false, "PodFailurePolicy", policy);
        }

        if (work.BackoffLimitPerIndex is null
            && (tally.Failed > work.BackoffLimit || (work.RestartsInPlace && Restarts(pods) >= Math.Max(1, work.BackoffLimit))))
        {
            return (false, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }

        if (work.Deadline is { } deadline && job.Json["status"].Time("startTime") is { } start)
        {
            // Start times are kept in whole seconds.
            var left = start + deadline - Now;
            if (left <= TimeSpan.Zero)
            {
                return (false, "DeadlineExceeded", "Job was active longer than specified deadline");
            }

            _queue.AddIn(ObjectKey.Of(job), left);
        }

        if (work.BackoffLimitPerIndex is { } perIndex)
        {
            foreach (var (index, failures) in tally.FailuresByIndex)
            {
                if (failures > perIndex && !tally.Done.Contains(index))
                {
                    tally.FailedIndexes.Add(index);
                }
            }
        }

        if (tally.FailedIndexes.Count > 0 && tally.FailedIndexes.Count + tally.Done.Count >= work.Completions && active == 0)
        {
            return (false, "FailedIndexes", "Job has failed indexes");
        }

        var complete = work.Completions is { } completions
            ? tally.Succeeded >= completions
            : tally.Succeeded > 0 && active == 0;
        return complete ? (true, "CompletionsReached", "Reached expected number of succeeded pods") : null;
    }

    private static long Restarts(List<KubeObject> pods) => pods.Sum(pod =>
        pod.Json["status"].Objects("containerStatuses").Sum(status => status.Number("restartCount") ?? 0));

    private void End(
        KubeObject job,
        JobWork work,
        JobTally tally,
        List<KubeObject> active,
        (bool Complete, string Reason, string Message) verdict)
    {
        foreach (var pod in active)
        {
            // Pods that a failing Job takes with it have failed, too.
            if (verdict.Complete)
            {
                tally.Unwanted.Add(pod.Uid);
            }
            else
            {
                tally.CountFailure(PodView.Of(pod), PodView.Of(pod).CompletionIndex, Now);
            }

            _context.DeletePod(pod, job);
        }

        job = Store.Update(job, json =>
        {
            Fill(json, work, tally, 0, 0);
            json.SetCondition(
                verdict.Complete ? "SuccessCriteriaMet" : "FailureTarget", true, Now, verdict.Reason, verdict.Message);
            json.SetCondition(verdict.Complete ? "Complete" : "Failed", true, Now, verdict.Reason, verdict.Message);
            if (verdict.Complete)
            {
                json.Sub("status")["completionTime"] = Timestamps.Seconds(Now);
            }
        });
        if (verdict.Complete)
        {
            _context.Events.Normal(job, Component, "Completed", "Job completed");
        }
        else
        {
            _context.Events.Warning(job, Component, verdict.Reason, verdict.Message);
        }
    }
}
