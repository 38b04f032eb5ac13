using System.Security.Cryptography;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Sandboxes;
using Ebb.Cli.Sandboxes.Subscription;
using Ebb.Kubernetes;
using Ebb.Sandbox.Machines.Nspawn;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>What is to become of a cluster.</summary>
/// <param name="Files">What is to lie on its own share.</param>
internal sealed record SessionPlan(ClusterPlan Plan, IReadOnlyList<ShareFile> Files, ClusterKeys Keys);

/// <summary>One command's work on one cluster of an <c>ebb.yaml</c>: its file, what is kept of it here, and its subscription.</summary>
internal sealed class ClusterSession : IDisposable
{
    // A store without a majority has API servers wait for long before they say so.
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(20);

    private readonly IDisposable? _held;

    private ClusterSession(ClusterFile file, string path, ClusterHome home, CloudAccess cloud, IDisposable? held)
    {
        (File, Path, Home, Cloud, _held) = (file, path, home, cloud, held);
    }

    public ClusterFile File { get; }

    /// <summary>Of the file, as it was named.</summary>
    public string Path { get; }

    public ClusterHome Home { get; }

    public CloudAccess Cloud { get; }

    public static TimeProvider Time => TimeProvider.System;

    /// <summary>How to say this command's file to another command.</summary>
    public string Flag => Path == ClusterFile.DefaultPath ? "" : $" -f {Launcher.Quote(Path)}";

    /// <summary>To change it: no other process does so meanwhile. Starts the sandbox's subscription where that is meant and not there.</summary>
    public static async Task<ClusterSession> ChangeAsync(string path, SubscriptionSettings settings, Action<string> say, CancellationToken ct)
    {
        var file = Read(path);
        if (settings.Kubernetes is KubernetesKind.Real || IsReal(file))
        {
            RealSandboxFit.Require(file, path, NspawnSupport.MostMachines());
        }

        var home = ClusterHome.Of(file.Name);
        var held = home.Lock();
        settings = settings with { Region = file.Cloud.Region, Withheld = [.. file.Secrets.Select(secret => secret.Variable)] };
        try
        {
            var given = file.Cloud.IsSandbox ? await SubscriptionStart.EnsureAsync(file.Name, settings, say, Time, ct) : null;
            return new ClusterSession(file, path, home, await CloudAccess.OpenAsync(file, given, Time, ct), held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>To look at it; null where it lives in the sandbox and that does not run: then there is nothing of it.</summary>
    /// <param name="hold">Whether to keep others from changing it.</param>
    public static async Task<ClusterSession?> OpenAsync(string path, bool hold, CancellationToken ct)
    {
        var file = Read(path);
        var home = ClusterHome.Of(file.Name);
        var held = hold ? home.Lock() : null;
        try
        {
            AzureAccess? given = null;
            if (file.Cloud.IsSandbox && (given = SandboxHome.OfSubscription(file.Name).Running()?.Azure) is null)
            {
                held?.Dispose();
                return null;
            }

            return new ClusterSession(file, path, home, await CloudAccess.OpenAsync(file, given, Time, ct), held);
        }
        catch
        {
            held?.Dispose();
            throw;
        }
    }

    /// <summary>Finds out what there is and what is wanted.</summary>
    /// <param name="release">Of k3s, for the control plane; null: the one that runs.</param>
    public async Task<SessionPlan> PlanAsync(string? release, CancellationToken ct)
    {
        var inputs = await InputsAsync(make: true, ct);
        var (plan, files) = await ControlPlane.CompleteAsync(await new ClusterPlanner(File, Cloud).PlanAsync(inputs.Rendering, ct), inputs.Files, release, ct);
        return new SessionPlan(plan, files, inputs.Keys);
    }

    /// <summary>The same for whoever only has the control plane's machines come to a release, and deploys nothing.</summary>
    public async Task<(ClusterPlan Plan, IReadOnlyList<ShareFile> Files)> PlanReleaseAsync(string release, CancellationToken ct)
    {
        var inputs = await InputsAsync(make: true, ct);
        return await ControlPlane.CompleteAsync(await new ClusterPlanner(File, Cloud).PlanInPlaceAsync(inputs.Rendering, ct), inputs.Files, release, ct);
    }

    /// <summary>The same for whoever only looks: neither the lock nor the keys are touched.</summary>
    public async Task<ClusterPlan> LookAsync(CancellationToken ct)
    {
        var inputs = await InputsAsync(make: false, ct);
        return (await ControlPlane.CompleteAsync(await new ClusterPlanner(File, Cloud).PlanAsync(inputs.Rendering, ct), inputs.Files, release: null, ct)).Plan;
    }

    /// <summary>What 'ebb up' would deploy, as the cloud's sizes and the scale sets' capacities are now.</summary>
    public async Task<(Rendering Rendering, IReadOnlyList<ShareFile> Files)> RenderAsync(CancellationToken ct)
    {
        var inputs = await InputsAsync(make: true, ct);
        return (await new ClusterPlanner(File, Cloud).RenderAsync(inputs.Rendering, ct), inputs.Files);
    }

    /// <exception cref="EbbException">The cluster has other keys than those that are kept here, or newer ones; nothing has been changed.</exception>
    public Task RequireOwnKeysAsync(CancellationToken ct) => SubscriptionReading.RequireAsync(Cloud.Arm.Subscription, async () =>
    {
        await ForeignKeys.RefuseAsync(File, Home, Cloud, Time, NewRandom(), ct);
        return true;
    });

    /// <summary>What of the file is otherwise where the cluster is, each as a sentence for people.</summary>
    public IEnumerable<string> Notes() => IsReal(File) ? RealSandboxFit.Notes(File, NspawnSupport.MostMachines()) : [];

    public static Random NewRandom() => new(RandomNumberGenerator.GetInt32(int.MaxValue));

    public void Dispose()
    {
        Cloud.Dispose();
        _held?.Dispose();
    }

    private ControlPlanePlanner ControlPlane => new(File, Cloud, Home, Flag, AnswersAsync, Time, NewRandom());

    /// <summary>Whether Kubernetes answers, and not only from what its servers remember.</summary>
    private async Task<bool> AnswersAsync(CancellationToken ct)
    {
        if (!System.IO.File.Exists(Home.Kubeconfig))
        {
            return false;
        }

        using var limit = new CancellationTokenSource(AnswersWithin, Time);
        using var within = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            using var client = KubeconfigReading.Open(Home.Kubeconfig, Time, NullLoggerFactory.Instance);
            await client.ListAsync(Resources.Nodes, new Selection(), fromCache: false, within.Token);
            return true;
        }
        catch (Exception e) when (e is KubeException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            return false;
        }
    }

    private static bool IsReal(ClusterFile file) =>
        file.Cloud.IsSandbox && SandboxHome.OfSubscription(file.Name).Running() is { Kind: KubernetesKind.Real };

    private static ClusterFile Read(string path) => ClusterFileReader.Read(path, Environment.GetEnvironmentVariable);

    private async Task<ClusterInputs> InputsAsync(bool make, CancellationToken ct)
    {
        await RequireOwnKeysAsync(ct);
        return ClusterInputs.Gather(
            File,
            Path,
            Home,
            Cloud.Arm.Subscription,
            ClusterInputs.NeedOwnAddress(File.Access)
                ? await OwnAddress.FindAsync(Cloud.Arm.Endpoint, Environment.GetEnvironmentVariable, Cloud.Http, Time, ct)
                : [],
            make,
            Time);
    }
}
