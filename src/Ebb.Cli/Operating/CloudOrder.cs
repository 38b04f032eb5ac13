using System.Net;
using Ebb.Clouds;

namespace Ebb.Cli.Operating;

/// <summary>What the cloud said to an order for machines of a wave.</summary>
/// <param name="Lost">Why nobody knows whether it has taken the order; else null.</param>
/// <param name="Refused">Why it has not, for what these machines are, or are at: others may well be worked on; else null.</param>
internal sealed record CloudOrder(string? Lost, string? Refused)
{
    public static readonly CloudOrder Taken = new(null, null);

    public static async Task<CloudOrder> GiveAsync(
        ICloud cloud, PoolView pool, IReadOnlyList<Candidate> machines, MachineOperation operation, Action<string> say, CancellationToken ct)
    {
        try
        {
            await cloud.OperateAsync(pool, [.. machines.Select(c => c.Machine)], operation, ct);
            return Taken;
        }
        catch (CloudException e) when (e.MayBeDone)
        {
            // Not sent again, since a second restart or reimage does harm; the machines show whether it was done.
            say($"{e.Message}. Waiting to see whether it is done all the same.");
            return new CloudOrder(e.Message, null);
        }
        catch (CloudException e) when (e.Status is HttpStatusCode.Conflict)
        {
            say(e.Message);
            return new CloudOrder(null, e.Message);
        }
    }
}
