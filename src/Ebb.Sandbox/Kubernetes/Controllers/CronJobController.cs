using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Starts Jobs when it is time for them.</summary>
internal sealed class CronJobController
{
    private const string Component = "cronjob-controller";

    // Beyond this many missed times something is wrong, and only the last one counts; found by looking, not by waiting.
    private const int MostMissed = 100;

    private readonly ControllerContext _context;
    private readonly Workqueue<ObjectKey> _queue;

    public CronJobController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue<ObjectKey>(Reconcile);
    }

    private ObjectStore Store => _context.Store;

    private DateTimeOffset Now => _context.Now;

    public void See(StoreEvent change)
    {
        if (change.Object.Kind == Kinds.CronJob)
        {
            _queue.Add(ObjectKey.Of(change.Object));
        }
        else if (change.Object.Kind == Kinds.Job
            && OwnerRef.ControllerOf(change.Object.Metadata) is { Kind: "CronJob" } owner)
        {
            _queue.Add(new ObjectKey(change.Object.Namespace, owner.Name));
        }
    }

    private void Reconcile(ObjectKey key)
    {
        if (Store.Get(Kinds.CronJob, key.Namespace, key.Name) is not { Deleting: false } cron)
        {
            return;
        }

        var spec = cron.Json["spec"];
        var jobs = Store.OwnedBy(cron.Uid).Where(item => item.Kind == Kinds.Job && !item.Deleting).ToList();
        Prune(jobs, "Complete", spec.Number("successfulJobsHistoryLimit") ?? 3);
        Prune(jobs, "Failed", spec.Number("failedJobsHistoryLimit") ?? 1);
        var active = jobs.Where(job => !IsFinished(job)).ToList();
        if (CronSchedule.Parse(spec.Text("schedule"), spec.Text("timeZone")) is not { } schedule)
        {
            _context.Events.Warning(cron, Component, "UnparseableSchedule", $"unparseable schedule: \"{spec.Text("schedule")}\"");
            WriteStatus(cron, active, null);
            return;
        }

        DateTimeOffset? started = null;
        if (!spec.Flag("suspend"))
        {
            if (Due(cron, schedule) is { } due)
            {
                started = Start(cron, due, active) ? due : null;
            }

            if (schedule.Next(Now) is { } next && next - Now < TimeSpan.FromDays(365))
            {
                _queue.AddIn(key, next - Now);
            }
        }

        WriteStatus(cron, active, started);
    }

    private static bool IsFinished(KubeObject job) => job.Json.IsTrue("Complete") || job.Json.IsTrue("Failed");

    private void Prune(List<KubeObject> jobs, string condition, long keep)
    {
        var finished = jobs.Where(job => job.Json.IsTrue(condition))
            .OrderBy(job => job.Json.Condition(condition).Time("lastTransitionTime"))
            .ThenBy(job => job.Name, StringComparer.Ordinal)
            .ToList();
        foreach (var job in finished.Take((int)Math.Max(0, finished.Count - Math.Max(0, keep))))
        {
            Store.Delete(Kinds.Job, job.Namespace, job.Name, DeleteOptions.Default);
            jobs.Remove(job);
        }
    }

    /// <summary>The last time that has come and for which nothing was started; null when there is none, or it is too late.</summary>
    private DateTimeOffset? Due(KubeObject cron, CronSchedule schedule)
    {
        var spec = cron.Json["spec"];
        var from = cron.Json["status"].Time("lastScheduleTime")
            ?? cron.Metadata.Time("creationTimestamp")
            ?? Now;
        var deadline = spec.Number("startingDeadlineSeconds") is { } seconds
            ? Now - TimeSpan.FromSeconds(Math.Clamp(seconds, 0, int.MaxValue))
            : DateTimeOffset.MinValue;
        from = from < deadline ? deadline : from;
        DateTimeOffset? last = null;
        for (var i = 0; i < MostMissed && schedule.Next(from) is { } next && next <= Now; i++)
        {
            last = from = next;
        }

        return last;
    }

    private bool Start(KubeObject cron, DateTimeOffset due, List<KubeObject> active)
    {
        var name = $"{cron.Name}-{due.ToUnixTimeSeconds() / 60}";
        if (Store.Get(Kinds.Job, cron.Namespace, name) is not null)
        {
            return false;
        }

        switch (cron.Json["spec"].Text("concurrencyPolicy"))
        {
            case "Forbid" when active.Count > 0:
                _context.Events.Normal(
                    cron, Component, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid");
                return false;
            case "Replace":
                foreach (var job in active)
                {
                    Store.Delete(Kinds.Job, job.Namespace, job.Name, DeleteOptions.Default);
                    _context.Events.Normal(cron, Component, "SuccessfulDelete", $"Deleted job {job.Name}");
                }

                active.Clear();
                break;
        }

        var template = cron.Json["spec"].At("jobTemplate");
        var annotations = template.At("metadata", "annotations")?.DeepClone().AsObject() ?? [];
        annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] = Timestamps.Seconds(due);
        var created = _context.TryCreate(
            Kinds.Job,
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = name,
                    ["namespace"] = cron.Namespace,
                    ["labels"] = template.At("metadata", "labels")?.DeepClone() ?? new JsonObject(),
                    ["annotations"] = annotations,
                    ["ownerReferences"] = new JsonArray(Templates.OwnedBy(cron)),
                },
                ["spec"] = template.At("spec")?.DeepClone() ?? new JsonObject(),
            },
            cron);
        if (created is null)
        {
            return false;
        }

        active.Add(created);
        _context.Events.Normal(cron, Component, "SuccessfulCreate", $"Created job {name}");
        return true;
    }

    private void WriteStatus(KubeObject cron, List<KubeObject> active, DateTimeOffset? started)
    {
        if (Store.Get(Kinds.CronJob, cron.Namespace, cron.Name, cron.Uid) is not { } current)
        {
            return;
        }

        var succeeded = Store.OwnedBy(cron.Uid)
            .Where(item => item.Kind == Kinds.Job)
            .Select(job => job.Json["status"].Time("completionTime"))
            .Max();
        Store.Update(current, json =>
        {
            var status = json.Sub("status");
            if (active.Count == 0)
            {
                status.Remove("active");
            }
            else
            {
                status["active"] = new JsonArray([.. active.Select(job => new JsonObject
                {
                    ["kind"] = "Job",
                    ["namespace"] = job.Namespace,
                    ["name"] = job.Name,
                    ["uid"] = job.Uid,
                    ["apiVersion"] = job.Kind.ApiVersion,
                    ["resourceVersion"] = job.ResourceVersion.ToString(),
                })]);
            }

            if (started is { } at)
            {
                status["lastScheduleTime"] = Timestamps.Seconds(at);
            }

            if (succeeded is { } success)
            {
                status["lastSuccessfulTime"] = Timestamps.Seconds(success);
            }
        });
    }
}
