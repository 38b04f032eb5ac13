using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Runs Jobs: so many pods at a time until so many have succeeded, or too many have failed.</summary>
internal sealed class JobController
{
    private const string Component = "job-controller";
    private const int MaxCreatedAtOnce = 500;

    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromMinutes(6);

    private readonly ControllerContext _context;
    private readonly Workqueue<ObjectKey> _queue;
    private readonly Dictionary<string, JobTally> _tallies = new(StringComparer.Ordinal);

    public JobController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue<ObjectKey>(Reconcile);
    }

    private ObjectStore Store => _context.Store;

    private DateTimeOffset Now => _context.Now;

    public void See(StoreEvent change)
    {
        if (change.Object.Kind == Kinds.Job)
        {
            if (change.Type is StoreEventType.Deleted)
            {
                _tallies.Remove(change.Object.Uid);
            }
            else
            {
                _queue.Add(ObjectKey.Of(change.Object));
            }
        }
        else if (change.Object.Kind == Kinds.Pod && PodView.Of(change.Object) is { Owner: { Kind: "Job" } owner } pod)
        {
            if (change.Type is StoreEventType.Deleted && Store.Get(Kinds.Job, pod.Namespace, owner.Name, owner.Uid) is { } job)
            {
                Count(job, Tally(job), change.Object, gone: true);
            }

            _queue.Add(new ObjectKey(pod.Namespace, owner.Name));
        }
    }

    private JobTally Tally(KubeObject job)
    {
        if (!_tallies.TryGetValue(job.Uid, out var tally))
        {
            _tallies[job.Uid] = tally = new JobTally();
        }

        return tally;
    }

    private void Reconcile(ObjectKey key)
    {
        if (Store.Get(Kinds.Job, key.Namespace, key.Name) is not { Deleting: false } job)
        {
            return;
        }

        if (FinishedAt(job) is { } finished)
        {
            DeleteAfterItsTime(job, finished);
            return;
        }

        var work = new JobWork(job);
        var tally = Tally(job);
        var pods = Store.PodsOf(job).ToList();
        foreach (var pod in pods)
        {
            Count(job, tally, pod, gone: false);
        }

        if (work.Suspended)
        {
            Suspend(job, tally, pods);
            return;
        }

        Start(ref job, work);
        var active = pods.Where(pod => work.IsActive(PodView.Of(pod))).ToList();
        if (Verdict(job, work, tally, active.Count, pods) is { } verdict)
        {
            End(job, work, tally, active, verdict);
            return;
        }

        Manage(job, work, tally, active);
        WriteStatus(job, work, tally);
    }

    /// <summary>Takes note of a pod that has ended, or whose end has begun, once.</summary>
    private void Count(KubeObject job, JobTally tally, KubeObject item, bool gone)
    {
        // Most pods run on, and there may be thousands: of those only the view is looked at.
        var pod = PodView.Of(item);
        if (pod.Active && !gone)
        {
            return;
        }

        if (tally.IsCounted(pod.Uid))
        {
            return;
        }

        var index = pod.CompletionIndex;
        if (pod.Phase == "Succeeded")
        {
            tally.CountSuccess(pod, index);
            return;
        }

        var replacedEarly = job.Json["spec"].At("podFailurePolicy") is null;
        if (pod.Phase != "Failed" && !gone && !(pod.Terminating && replacedEarly))
        {
            return;
        }

        var action = PodFailurePolicy.ActionFor(job.Json["spec"], item);
        if (tally.Unwanted.Contains(pod.Uid) || action == "Ignore")
        {
            tally.Ignore(pod);
            return;
        }

        tally.CountFailure(pod, index, Now);
        if (action == "FailIndex" && index is { } failed)
        {
            tally.FailedIndexes.Add(failed);
        }
        else if (action == "FailJob")
        {
            tally.FailedByPolicy ??= $"Pod {pod.Namespace}/{pod.Name} failed matching FailJob rule";
        }
    }

    private void Suspend(KubeObject job, JobTally tally, List<KubeObject> pods)
    {
        foreach (var pod in pods.Where(pod => PodView.Of(pod).Active))
        {
            tally.Unwanted.Add(pod.Uid);
            _context.DeletePod(pod, job);
        }

        if (!job.Json.IsTrue("Suspended"))
        {
            _context.Events.Normal(job, Component, "Suspended", "Job suspended");
        }

        Store.Update(job, json =>
        {
            json.SetCondition("Suspended", true, Now, "JobSuspended", "Job suspended");
            var status = json.Sub("status");
            status.Remove("startTime");
            status["active"] = 0;
            status["ready"] = 0;
        });
    }

    private void Start(ref KubeObject job, JobWork work)
    {
        if (work.StartTime is not null)
        {
            return;
        }

        var resumed = job.Json.IsTrue("Suspended");
        job = Store.Update(job, json =>
        {
            json.Sub("status")["startTime"] = Timestamps.Seconds(Now);
            if (resumed)
            {
                json.SetCondition("Suspended", false, Now, "JobResumed", "Job resumed");
            }
        });
        if (resumed)
        {
            _context.Events.Normal(job, Component, "Resumed", "Job resumed");
        }

        if (work.Deadline is { } deadline)
        {
            _queue.AddIn(ObjectKey.Of(job), deadline);
        }
    }

    private (bool Complete, string Reason, string Message)? Verdict(
        KubeObject job, JobWork work, JobTally tally, int active, List<KubeObject> pods)
    {
        if (tally.FailedByPolicy is { } policy)
        {
            return (false, "PodFailurePolicy", policy);
        }

        if (work.BackoffLimitPerIndex is null
            && (tally.Failed > work.BackoffLimit || (work.RestartsInPlace && Restarts(pods) > work.BackoffLimit)))
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
            tally.Unwanted.Add(pod.Uid);
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

    private void Manage(KubeObject job, JobWork work, JobTally tally, List<KubeObject> active)
    {
        var wanted = work.WantedActive(tally, active.Count);
        if (active.Count > wanted)
        {
            foreach (var pod in active.OrderBy(Progress).ThenByDescending(pod => PodView.Of(pod).Created).Take(active.Count - wanted))
            {
                tally.Unwanted.Add(pod.Uid);
                _context.DeletePod(pod, job);
            }

            return;
        }

        var missing = wanted - active.Count;
        if (missing == 0)
        {
            return;
        }

        var left = BackoffLeft(tally);
        if (left > TimeSpan.Zero)
        {
            _queue.AddIn(ObjectKey.Of(job), left);
            return;
        }

        Create(job, work, tally, active, missing);
    }

    private static int Progress(KubeObject pod)
    {
        var view = PodView.Of(pod);
        return view.NodeName.Length == 0 ? 0 : view.Phase == "Pending" ? 1 : 2;
    }

    private TimeSpan BackoffLeft(JobTally tally)
    {
        if (tally.FailuresSinceSuccess == 0)
        {
            return TimeSpan.Zero;
        }

        var backoff = FirstBackoff * Math.Pow(2, Math.Min(tally.FailuresSinceSuccess - 1, 16));
        return tally.LastFailure + (backoff < MaxBackoff ? backoff : MaxBackoff) - Now;
    }

    private void Create(KubeObject job, JobWork work, JobTally tally, List<KubeObject> active, int missing)
    {
        var indexes = work.Indexed ? work.FreeIndexes(tally, active).GetEnumerator() : null;
        var created = 0;
        while (created < missing)
        {
            if (created == MaxCreatedAtOnce)
            {
                _queue.Add(ObjectKey.Of(job));
                break;
            }

            int? index = null;
            if (indexes is not null)
            {
                if (!indexes.MoveNext())
                {
                    break;
                }

                index = indexes.Current;
            }

            if (_context.TryCreate(Kinds.Pod, work.NewPod(index), job) is not { } pod)
            {
                _queue.AddIn(ObjectKey.Of(job), FirstBackoff);
                break;
            }

            _context.Events.Normal(job, Component, "SuccessfulCreate", $"Created pod: {pod.Name}");
            created++;
        }
    }

    private void WriteStatus(KubeObject job, JobWork work, JobTally tally)
    {
        var ready = 0;
        var active = 0;
        foreach (var pod in Store.PodsOf(job).Select(PodView.Of).Where(work.IsActive))
        {
            active++;
            ready += pod.Ready ? 1 : 0;
        }

        Store.Update(job, json => Fill(json, work, tally, active, ready));
    }

    private static void Fill(JsonObject json, JobWork work, JobTally tally, int active, int ready)
    {
        var status = json.Sub("status");
        status["active"] = active;
        status["ready"] = ready;
        status["succeeded"] = tally.Succeeded;
        status["failed"] = tally.Failed;
        status["uncountedTerminatedPods"] = new JsonObject();
        if (work.Indexed)
        {
            status.Put("completedIndexes", JobTally.Ranges(tally.Done));
            status.Put("failedIndexes", JobTally.Ranges(tally.FailedIndexes));
        }
    }

    private static DateTimeOffset? FinishedAt(KubeObject job)
    {
        foreach (var type in new[] { "Complete", "Failed" })
        {
            if (job.Json.IsTrue(type))
            {
                return job.Json.Condition(type).Time("lastTransitionTime") ?? DateTimeOffset.MinValue;
            }
        }

        return null;
    }

    private void DeleteAfterItsTime(KubeObject job, DateTimeOffset finished)
    {
        if (job.Json["spec"].Number("ttlSecondsAfterFinished") is not { } seconds)
        {
            return;
        }

        var left = finished + TimeSpan.FromSeconds(Math.Clamp(seconds, 0, int.MaxValue)) - Now;
        if (left > TimeSpan.Zero)
        {
            _queue.AddIn(ObjectKey.Of(job), left);
            return;
        }

        Store.Delete(Kinds.Job, job.Namespace, job.Name, new DeleteOptions { Propagation = Propagation.Background });
    }
}
