using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

// How many pods a Job has at a time.
internal sealed partial class JobController
{
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
}
