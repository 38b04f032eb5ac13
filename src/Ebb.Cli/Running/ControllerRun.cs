using System.Security.Cryptography;
using Ebb.Acting;
using Ebb.Cli.Clusters;
using Ebb.Controller.Certificates;
using Ebb.Controller.Joining;

namespace Ebb.Cli.Running;

/// <summary>The loop over one cluster, with what has to run beside it.</summary>
internal static class ControllerRun
{
    /// <summary>Until it is cancelled.</summary>
    /// <param name="joining">Serves beside the loop; null for none.</param>
    /// <param name="watch">Over what both prove themselves with; null where somebody else renews that.</param>
    public static async Task RunAsync(Target target, LoopOptions options, JoinServer? joining, CertificateWatch? watch, CancellationToken ct)
    {
        // Two on one host, or one that came back, must not take each other for themselves.
        var identity = $"{Environment.MachineName}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
        var loop = new ControlLoop(
            target.Cloud, target.Kubernetes, identity, Target.Policy, options, target.Time, target.Random, target.Loggers);
        loop.Observed += GiveBackOnce;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        await Task.WhenAll(
            ThenStopAsync(target.Cloud.RunAsync(stop.Token)),
            ThenStopAsync(loop.RunAsync(stop.Token)),
            joining is null ? Task.CompletedTask : ThenStopAsync(joining.RunAsync(stop.Token)),
            watch is null ? Task.CompletedTask : ThenStopAsync(watch.RunAsync(stop.Token)));

        // Reading the first lists takes a heap several times what is kept of them; a loop in peace would hold it for hours.
        void GiveBackOnce(Observation first)
        {
            loop.Observed -= GiveBackOnce;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }

        // Neither goes on without the other.
        async Task ThenStopAsync(Task part)
        {
            try
            {
                await part;
            }
            finally
            {
                await stop.CancelAsync();
            }
        }
    }
}
