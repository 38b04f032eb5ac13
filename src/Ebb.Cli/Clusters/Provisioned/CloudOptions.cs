using System.CommandLine;
using Ebb.Cli.Definition;
using Ebb.Cli.Output;
using Ebb.Cli.Sandboxes.Subscription;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Which subscription is asked what it has: that of an <c>ebb.yaml</c>, or else the user's own.</summary>
internal sealed class CloudOptions
{
    // Whose subscription a sandbox has where no cluster is meant: no file can give this name.
    private const string NoCluster = "no--cluster";

    private readonly Option<string?> _file = new("--file", "-f")
    {
        Description = $"The cluster's file. Default: {ClusterFile.DefaultPath} in this directory, where there is one, else your own subscription.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _sandbox = new("--sandbox") { Description = "Without a file: a cloud on this machine, not your own subscription." };

    public void AddTo(Command command)
    {
        command.Options.Add(_file);
        command.Options.Add(_sandbox);
    }

    /// <param name="ask">Gets the file, where one is meant.</param>
    public async Task<T> AskAsync<T>(ParseResult parsed, Terminal terminal, Func<SubscriptionFacts, ClusterFile?, Task<T>> ask, CancellationToken ct)
    {
        if (PathOf(parsed) is { } path)
        {
            if (await ClusterSession.OpenAsync(path, hold: false, ct) is { } open)
            {
                using (open)
                {
                    return await ask(open.Cloud.Facts, open.File);
                }
            }

            // Of a cluster that is not up yet: its cloud is started for the question, and ends with it.
            using var begun = await ClusterSession.ChangeAsync(path, new SubscriptionSettings(), terminal.Say, ct);
            try
            {
                return await ask(begun.Cloud.Facts, begun.File);
            }
            finally
            {
                await SubscriptionEnd.IfEmptyAsync(begun, CancellationToken.None);
            }
        }

        if (parsed.GetValue(_sandbox))
        {
            return await InSandboxAsync(ask, ct);
        }

        using var cloud = await CloudAccess.OpenAsync(Nobody(null), given: null, ClusterSession.Time, ct);
        return await ask(cloud.Facts, null);
    }

    private string? PathOf(ParseResult parsed)
    {
        var file = parsed.GetValue(_file);
        if (file is not null && parsed.GetValue(_sandbox))
        {
            throw new EbbException("--file names a cluster and --sandbox none. Give one of them.");
        }

        return file ?? (!parsed.GetValue(_sandbox) && File.Exists(ClusterFile.DefaultPath) ? ClusterFile.DefaultPath : null);
    }

    private static async Task<T> InSandboxAsync<T>(Func<SubscriptionFacts, ClusterFile?, Task<T>> ask, CancellationToken ct)
    {
        var home = Sandboxes.SandboxHome.OfSubscription(NoCluster);
        var given = await SubscriptionStart.EnsureAsync(NoCluster, new SubscriptionSettings(), static _ => { }, ClusterSession.Time, ct);
        try
        {
            using var cloud = await CloudAccess.OpenAsync(Nobody(given.Endpoint), given, ClusterSession.Time, ct);
            return await ask(cloud.Facts, null);
        }
        finally
        {
            await Sandboxes.SandboxEnd.EndAsync(home, ClusterSession.Time, CancellationToken.None);
            ClusterHome.Of(NoCluster).Clean();
        }
    }

    private static ClusterFile Nobody(string? endpoint) =>
        new() { Name = NoCluster, Cloud = new CloudDefinition { Region = "", Endpoint = endpoint, ComputeGroup = "", StorageGroup = "" }, Pools = [] };
}
