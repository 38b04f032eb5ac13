using System.Collections.Immutable;
using System.Text;
using Ebb.Clouds;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Brings one resource group to what its template says.</summary>
internal sealed class Deploying(TemplateDeployments deployments, TimeProvider time, Action<ProvisionEvent> tell)
{
    public const string StorageName = "ebb-storage";

    public const string ComputeName = "ebb-compute";

    public const string HashTag = "ebb-hash";

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(3);

    // Azure's own limit for a deployment is longer by far; what takes longer than this has no end that a person waits for.
    private static readonly TimeSpan Limit = TimeSpan.FromHours(2);

    /// <summary>Whether the last deployment was of this very template and went well. What became of it since is another question.</summary>
    public static bool IsDeployed(Blueprint wanted, GroupPlace place) =>
        place.Last is { Succeeded: true } last && last.Tags.GetValueOrDefault(HashTag) == wanted.Hash;

    public static ProvisionEvent RunsAlready(Blueprint wanted) => new ProvisionEvent.Note($"A deployment of {wanted.Step} runs already: waiting for its end.");

    /// <summary>Orders the deployment, or joins one that runs, and follows it to its end.</summary>
    /// <param name="asOfNow">What is sent: the same, as it may be sent to what is there at that moment. Asked before each order, since one that is waited for makes things, and pools grow meanwhile.</param>
    /// <returns>As it ended, well.</returns>
    /// <exception cref="CloudException">It failed: which resource, why, and what is there now.</exception>
    public async Task<Deployment> DeployAsync(
        Blueprint wanted, Func<CancellationToken, Task<Blueprint>> asOfNow, IReadOnlyDictionary<string, string> tags, CancellationToken ct)
    {
        var labelled = new Dictionary<string, string>(tags) { [HashTag] = wanted.Hash };
        while (true)
        {
            var sent = await asOfNow(ct);
            switch (await deployments.DeployAsync(wanted.Group, wanted.Name, sent.Template, sent.Parameters, labelled, ct))
            {
                case DeployResult.Refused refused:
                    throw new CloudException(
                        $"Azure refused to deploy {wanted.Step} into resource group '{wanted.Group}'; nothing of it was begun. {refused.Fault}", code: refused.Fault.Code);
                case DeployResult.Busy:
                    tell(RunsAlready(wanted));
                    break;
            }

            var ended = await FollowAsync(wanted, ct);
            if (ended.Tags.GetValueOrDefault(HashTag) == wanted.Hash)
            {
                return ended.Succeeded ? ended : throw await FailureAsync(wanted, ended, "run the same command again", ct);
            }

            // The one that ran was an earlier run's, of another template: now it is our turn.
        }
    }

    /// <summary>Follows the deployment that is there to its end, however that is.</summary>
    public async Task<Deployment> FollowAsync(Blueprint wanted, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        ImmutableArray<DeploymentStep> seen = [];
        while (true)
        {
            var now = await deployments.FindAsync(wanted.Group, wanted.Name, ct)
                ?? throw new CloudException($"Deployment '{wanted.Name}' of resource group '{wanted.Group}' was deleted while it ran. Run this again.");
            var steps = await deployments.StepsAsync(wanted.Group, wanted.Name, ct);
            if (!steps.SequenceEqual(seen))
            {
                seen = steps;
                tell(new ProvisionEvent.Progress(wanted.Step, [.. steps.Where(s => s.Target is not null)]));
            }

            if (now.Ended)
            {
                return now;
            }

            if (time.GetElapsedTime(started) > Limit)
            {
                throw new TimeoutException($"Deployment '{wanted.Name}' of resource group '{wanted.Group}' had not ended after {Limit.TotalHours} h. It goes on; look at it in the portal, and run this again.");
            }

            await Task.Delay(LookEvery, time, ct);
        }
    }

    /// <summary>What to say about a deployment that did not go well: which resource, why, and what is there now.</summary>
    /// <param name="again">How it is carried on, as a clause.</param>
    public async Task<CloudException> FailureAsync(Blueprint wanted, Deployment ended, string again, CancellationToken ct)
    {
        var failed = (await deployments.StepsAsync(wanted.Group, wanted.Name, ct)).Where(s => s.Fault is not null).ToList();
        var text = new StringBuilder($"The deployment of {wanted.Step} into resource group '{wanted.Group}' {(ended.State == "Canceled" ? "was canceled" : "failed")}:");
        foreach (var step in failed)
        {
            text.Append($"\n  - {step.Type} '{step.Name}': {step.Fault}");
            if (Remedies.Of(step.Fault!) is { } remedy)
            {
                text.Append($" {remedy}");
            }
        }

        if (failed.Count == 0)
        {
            text.Append(ended.Fault is { } fault ? $" {fault}" : " Azure gave no reason.");
            if (ended.Fault is { } whole && Remedies.Of(whole) is { } remedy)
            {
                text.Append($" {remedy}");
            }
        }

        text.Append($"\nWhat had been made stays, and costs; mend this and {again} to carry on, or 'ebb down' to remove it."
            + (ended.CorrelationId is { } id ? $" Azure's correlation id: {id}." : ""));
        return new CloudException(text.ToString(), code: failed.FirstOrDefault()?.Fault?.Causes.First().Code ?? ended.Fault?.Code);
    }
}
