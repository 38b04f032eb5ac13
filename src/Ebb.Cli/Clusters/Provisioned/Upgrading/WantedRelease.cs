using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Clusters.Provisioned.Upgrading;

/// <summary>Which release an upgrade is to.</summary>
internal static class WantedRelease
{
    /// <param name="running">The newest that a machine of the control plane runs; null where none has said.</param>
    /// <exception cref="EbbException">What is asked for is no release, not what the file says, or none that its cluster can run.</exception>
    public static async Task<K3sRelease> FindAsync(string? to, K3sRelease? running, ClusterSession session, CancellationToken ct)
    {
        var release = await ChooseAsync(to, running, session, ct);
        return Problem(release, session.File.Options.ContainerRuntime) is { } problem ? throw new EbbException(problem) : release;
    }

    public static Task<string> NewestAsync(string channel, ClusterSession session, CancellationToken ct) =>
        ReleaseChannel.NewestAsync(channel, session.Cloud.Arm.Endpoint, session.Cloud.Http, ClusterSession.Time, ct);

    /// <summary>Why a cluster cannot run it, with the remedy; null when nothing is against it.</summary>
    public static string? Problem(K3sRelease release, ContainerRuntime runtime) => release.Minor < K3sSupport.OldestMinor
        ? $"{release} is older than Ebb supports. Take v1.{K3sSupport.OldestMinor}.0+k3s1 or newer."
        : K3sSupport.Problem(new ReleaseVersion(1, release.Minor, release.Patch), runtime, $"{release}") is { } problem
            ? $"'options.containerRuntime': {problem}"
            : null;

    private static async Task<K3sRelease> ChooseAsync(string? to, K3sRelease? running, ClusterSession session, CancellationToken ct)
    {
        var pinned = session.File.Kubernetes.Version;
        if (to is not null)
        {
            var asked = Parse(to, "--to");

            // To finish what runs is no other wish than the file's: it is on the way there.
            return pinned is null || to == pinned || asked == running
                ? asked
                : throw new EbbException(
                    $"{session.Path} says 'version: {pinned}', and --to says {to}: the file counts, and machines that are made later are made of it. Write 'version: {to}' there and leave --to out.");
        }

        if (pinned is not null)
        {
            return Parse(pinned, "'kubernetes.version'");
        }

        var newest = Parse(await NewestAsync(session.File.Kubernetes.Channel, session, ct), "The channel's release");

        // A channel may be behind what somebody took by --to: then that is what there is to come to.
        return running is { } now && now > newest ? now : newest;
    }

    private static K3sRelease Parse(string text, string where) =>
        K3sRelease.Parse(text) ?? throw new EbbException($"{where} is '{text}'; it must be a release of k3s such as v1.31.5+k3s1.");
}
