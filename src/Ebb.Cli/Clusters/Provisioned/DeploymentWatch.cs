using System.Collections.Immutable;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Clouds;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>
/// Follows what is deployed of a cluster, whoever does that and whenever it begins: one deployment after the other, until the cluster
/// answers, or until nobody is at work on it.
/// </summary>
/// <param name="cloud">Null while there is none: the sandbox's Azure begins with the first 'ebb up'.</param>
/// <param name="held">Whether a process on this machine is at the cluster.</param>
/// <param name="answers">Whether the cluster can be asked.</param>
internal sealed class DeploymentWatch(
    ClusterFile file,
    Func<CancellationToken, Task<TemplateDeployments?>> cloud,
    Func<bool> held,
    Func<CancellationToken, Task<bool>> answers,
    TimeProvider time,
    Action<ProvisionEvent> tell)
{
    private const string Storage = "storage";

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // Until an 'ebb up' that is typed at the same time has begun.
    private static readonly TimeSpan BeginsWithin = TimeSpan.FromSeconds(10);

    // Between both deployments keys and programs are copied; of whoever does so on another machine nothing is seen meanwhile.
    private static readonly TimeSpan GoesOnWithin = TimeSpan.FromMinutes(5);

    // Keys and programs take less to copy, on all but the slowest lines; whoever has nothing to deploy for machines rolls out meanwhile.
    private static readonly TimeSpan MachinesWithin = TimeSpan.FromMinutes(2);

    private readonly ImmutableArray<(Blueprint Deployed, string What)> _steps =
    [
        (new Blueprint(Storage, file.Cloud.StorageGroup, ResourceNames.StorageDeployment, [], []), $"Storage in resource group {file.Cloud.StorageGroup}"),
        (new Blueprint("compute", file.Cloud.ComputeGroup, ResourceNames.ComputeDeployment, [], []), $"Machines and network in resource group {file.Cloud.ComputeGroup}"),
    ];

    // Of those that have ended, by their step.
    private readonly Dictionary<string, string> _known = [];

    private string _said = "";

    /// <exception cref="CloudException">A deployment failed: which resource, and why.</exception>
    public async Task RunAsync(CancellationToken ct)
    {
        var failed = await BeforeAsync(ct);
        string? last = null;
        var here = false;
        var quietSince = time.GetTimestamp();
        var followed = quietSince;
        while (true)
        {
            if (await FollowNextAsync(ct) is { } step)
            {
                (failed, last, quietSince) = (null, step, time.GetTimestamp());
                followed = quietSince;
                continue;
            }

            var busy = held();
            here |= busy;
            if (!(busy && last is Storage && time.GetElapsedTime(followed) < MachinesWithin) && await answers(ct))
            {
                return;
            }

            if (busy)
            {
                quietSince = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(quietSince) > (last is Storage && !here ? GoesOnWithin : BeginsWithin))
            {
                if (failed is not null)
                {
                    throw await failed();
                }

                return;
            }

            Say(last switch
            {
                null when busy => $"Another 'ebb' is at work on cluster '{file.Name}': waiting for what it deploys ...",
                null => $"Nothing of cluster '{file.Name}' is being deployed: waiting {BeginsWithin.TotalSeconds} s for an 'ebb up' to begin ...",
                Storage => "The storage is there: waiting for the machines to be deployed ...",
                _ => "Waiting for Kubernetes to answer ...",
            });
            await Task.Delay(LookEvery, time, ct);
        }
    }

    /// <summary>Takes down what had ended before anybody watched.</summary>
    /// <returns>What to say about one that had failed.</returns>
    private async Task<Func<Task<Exception>>?> BeforeAsync(CancellationToken ct)
    {
        Func<Task<Exception>>? failed = null;
        if (await cloud(ct) is not { } deployments)
        {
            return null;
        }

        foreach (var (wanted, _) in _steps)
        {
            if (await deployments.FindAsync(wanted.Group, wanted.Name, ct) is not { Ended: true } ended)
            {
                continue;
            }

            _known[wanted.Step] = RunOf(ended);
            if (!ended.Succeeded)
            {
                failed = async () => await FailureAsync(deployments, wanted, ended, ct);
            }
        }

        return failed;
    }

    /// <returns>The step whose deployment was followed to its end; null when none runs, nor has ended meanwhile.</returns>
    private async Task<string?> FollowNextAsync(CancellationToken ct)
    {
        if (await cloud(ct) is not { } deployments)
        {
            return null;
        }

        foreach (var (wanted, what) in _steps)
        {
            if (await deployments.FindAsync(wanted.Group, wanted.Name, ct) is not { } found || RunOf(found) == _known.GetValueOrDefault(wanted.Step))
            {
                continue;
            }

            tell(new ProvisionEvent.Began(wanted.Step, what));
            var started = time.GetTimestamp();
            var ended = await new Deploying(deployments, time, tell).FollowAsync(wanted, ct);
            if (!ended.Succeeded)
            {
                throw await FailureAsync(deployments, wanted, ended, ct);
            }

            _known[wanted.Step] = RunOf(ended);
            tell(new ProvisionEvent.Ended(wanted.Step, what, Changed: true, ended.Took ?? time.GetElapsedTime(started)));
            return wanted.Step;
        }

        return null;
    }

    private Task<CloudException> FailureAsync(TemplateDeployments deployments, Blueprint wanted, Deployment ended, CancellationToken ct) =>
        new Deploying(deployments, time, tell).FailureAsync(wanted, ended, $"run '{Launcher.Command} up' again", ct);

    private void Say(string text)
    {
        if (text != _said)
        {
            _said = text;
            tell(new ProvisionEvent.Note(text));
        }
    }

    // Each run of a deployment has one of its own, however often its name is used.
    private static string RunOf(Deployment deployment) => deployment.CorrelationId ?? $"{deployment.At:O}";
}
