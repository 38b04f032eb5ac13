using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Runs Jobs: so many pods at a time until so many have succeeded, or too many have failed.</summary>
internal sealed partial class JobController
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
        if (Store.Get(Kinds.Job, key.Namespace, key.Name) is not { } job)
        {
            return;
        }

        if (FinishedAt(job) is { } finished)
        {
            DeleteAfterItsTime(job, finished);
            return;
        }

        var work = new JobWork(job);
        if (job.Deleting)
        {
            WriteStatus(job, work, Tally(job));
            return;
        }

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
