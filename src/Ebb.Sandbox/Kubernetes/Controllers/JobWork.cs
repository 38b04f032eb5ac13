using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>What a Job asks for.</summary>
internal sealed class JobWork
{
    private const int MostPods = 100_000;

    private readonly KubeObject _job;
    private readonly JsonNode? _spec;

    public JobWork(KubeObject job)
    {
        _job = job;
        _spec = job.Json["spec"];
        Suspended = _spec.Flag("suspend");
        Indexed = _spec.Text("completionMode") == "Indexed";
        Parallelism = (int)Math.Clamp(_spec.Number("parallelism") ?? 1, 0, MostPods);
        Completions = _spec.Number("completions") is { } completions ? (int)Math.Clamp(completions, 0, MostPods) : null;
        BackoffLimitPerIndex = _spec.Number("backoffLimitPerIndex");
        BackoffLimit = _spec.Number("backoffLimit") ?? 6;
        Deadline = _spec.Number("activeDeadlineSeconds") is { } seconds
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, int.MaxValue))
            : null;
        StartTime = job.Json["status"].Time("startTime");
        RestartsInPlace = _spec.At("template", "spec").Text("restartPolicy") == "OnFailure";
        WaitsForFailure = _spec.At("podFailurePolicy") is not null || _spec.Text("podReplacementPolicy") == "Failed";
    }

    public bool Suspended { get; }

    public bool Indexed { get; }

    public int Parallelism { get; }

    /// <summary>Null: any pod's success is the Job's.</summary>
    public int? Completions { get; }

    public long BackoffLimit { get; }

    public long? BackoffLimitPerIndex { get; }

    public TimeSpan? Deadline { get; }

    public DateTimeOffset? StartTime { get; }

    public bool RestartsInPlace { get; }

    /// <summary>A pod that is being deleted is replaced only when it is gone.</summary>
    private bool WaitsForFailure { get; }

    public bool IsActive(PodView pod) => !pod.Finished && (WaitsForFailure || !pod.Terminating);

    public int WantedActive(JobTally tally, int active)
    {
        if (Completions is not { } completions)
        {
            return tally.Succeeded > 0 ? Math.Min(active, Parallelism) : Parallelism;
        }

        return Math.Min(Parallelism, Math.Max(0, completions - tally.Succeeded - tally.FailedIndexes.Count));
    }

    /// <summary>Indexes that are neither done nor being worked on, lowest first.</summary>
    public IEnumerable<int> FreeIndexes(JobTally tally, IEnumerable<KubeObject> active)
    {
        var taken = active.Select(pod => PodView.Of(pod).CompletionIndex).OfType<int>().ToHashSet();
        for (var index = 0; index < Completions; index++)
        {
            if (!taken.Contains(index) && !tally.Done.Contains(index) && !tally.FailedIndexes.Contains(index))
            {
                yield return index;
            }
        }
    }

    public JsonObject NewPod(int? index)
    {
        var pod = Templates.Pod(_job, _spec.At("template"));
        var metadata = pod["metadata"]!.AsObject();
        var labels = metadata.Sub("labels");
        foreach (var prefix in new[] { "", "batch.kubernetes.io/" })
        {
            labels[prefix + "job-name"] = _job.Name;
            labels[prefix + "controller-uid"] = _job.Uid;
        }

        metadata["generateName"] = Templates.Prefix(index is { } i ? $"{_job.Name}-{i}" : _job.Name);
        if (index is { } number)
        {
            AddIndex(pod, number.ToString());
        }

        return pod;
    }

    private void AddIndex(JsonObject pod, string index)
    {
        var metadata = pod["metadata"]!.AsObject();
        metadata.Sub("annotations")[PodView.IndexKey] = index;
        metadata.Sub("labels")[PodView.IndexKey] = index;
        var spec = pod.Sub("spec");
        spec["hostname"] ??= $"{_job.Name}-{index}";
        foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
        {
            if (container["env"] is not JsonArray env)
            {
                container["env"] = env = [];
            }

            env.Insert(0, new JsonObject
            {
                ["name"] = "JOB_COMPLETION_INDEX",
                ["valueFrom"] = new JsonObject
                {
                    ["fieldRef"] = new JsonObject
                    {
                        ["apiVersion"] = "v1",
                        ["fieldPath"] = $"metadata.annotations['{PodView.IndexKey}']",
                    },
                },
            });
        }
    }
}
