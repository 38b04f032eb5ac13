using System.Net;
using Ebb.Cli.Reports;
using Ebb.Kubernetes;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Waits until a new cluster answers, and its nodes are there.</summary>
internal sealed class Readiness(KubeClient client, TimeProvider time, Action<ProvisionEvent> tell)
{
    // A machine boots, fetches k3s and starts it: some four minutes, twice that on a bad day.
    private static readonly TimeSpan ApiWithin = TimeSpan.FromMinutes(20);

    private static readonly TimeSpan NodesWithin = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    /// <param name="least">How many nodes are to be Ready.</param>
    /// <exception cref="TimeoutException">They were not in time; says what is there.</exception>
    public async Task WaitAsync(int least, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var answered = false;
        var said = "";
        var ready = 0;
        while (true)
        {
            var trouble = "";
            try
            {
                var nodes = (await client.ListAsync(Resources.Nodes, new Selection(), fromCache: false, ct)).Items;
                ready = nodes.Count(node => node.IsReady());
                if (!answered)
                {
                    answered = true;
                    started = time.GetTimestamp();
                    tell(new ProvisionEvent.Note($"Kubernetes answers at {client.Connection.Server.GetLeftPart(UriPartial.Authority)}."));
                }

                var text = $"{ready} of {Words.Count(Math.Max(least, nodes.Count), "node")} ready.";
                if (said != text)
                {
                    said = text;
                    tell(new ProvisionEvent.Note(text));
                }

                if (ready >= least)
                {
                    return;
                }
            }
            catch (KubeException e) when (e.Code is null or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError)
            {
                // Not there yet; or so young that it does not know yet whom it knows.
                trouble = e.Message;
            }

            if (time.GetElapsedTime(started) > (answered ? NodesWithin : ApiWithin))
            {
                throw new TimeoutException(answered
                    ? $"Kubernetes answers, but {ready} of {least} nodes were ready after {NodesWithin.TotalMinutes} min. 'ebb status' shows which machines are not; run this again to wait on."
                    : $"Kubernetes did not answer within {ApiWithin.TotalMinutes} min: {trouble} The control plane's boot log is under 'Boot diagnostics' of its machine; run this again to wait on.");
            }

            await Task.Delay(LookEvery, time, ct);
        }
    }
}
