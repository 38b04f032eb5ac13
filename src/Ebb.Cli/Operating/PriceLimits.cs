namespace Ebb.Cli.Operating;

/// <summary>
/// Machines whose limit of price is not their pool's any more. Azure changes it only of what stands on no hardware, and refuses whatever else
/// an upgrade would bring along. A reimage alone is no way out: it makes the disk anew from the model that the machine has, with the hashes
/// of an agent and of an authority that join servers may no longer show.
/// </summary>
internal static class PriceLimits
{
    /// <summary>By its words: the codes that come with them are also OperationNotAllowed, which says nothing (azure-cli issue 13974).</summary>
    public static bool Hinder(string why) =>
        why.Contains("max price change is not allowed", StringComparison.OrdinalIgnoreCase) || why.Contains("MaxPriceChangeNotAllowed", StringComparison.OrdinalIgnoreCase);

    /// <summary>The same with what can be done, where it is about this.</summary>
    public static string Explain(Candidate candidate, string why)
    {
        if (!Hinder(why))
        {
            return why;
        }

        var pool = candidate.Pool.Pool;
        var drain = candidate.Joined ? $"'kubectl drain {candidate.Node} --ignore-daemonsets --delete-emptydir-data', then " : "";
        return $"{why.TrimEnd('.')}. Its limit of price is not what its pool says now, and Azure changes that of no machine that stands on hardware: it was left as it is. "
            + $"Replace it: {drain}'az vmss delete-instances -g {GroupOf(candidate.Machine.ProviderId)} -n {pool.Name} --instance-ids {candidate.Machine.Id}'; machines that are made from now on have the new limit.";
    }

    private static string GroupOf(string providerId)
    {
        var parts = providerId.Split('/');
        var at = Array.FindIndex(parts, part => part.Equals("resourceGroups", StringComparison.OrdinalIgnoreCase));
        return at >= 0 && at + 1 < parts.Length ? parts[at + 1] : "GROUP";
    }
}
