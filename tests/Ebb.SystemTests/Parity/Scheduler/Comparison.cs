using System.Collections.Immutable;
using Ebb.Scheduling;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>Holds both of ours against what the real scheduler decided.</summary>
internal static class Comparison
{
    /// <param name="minor">The release that decided: 20 for 1.20.</param>
    /// <returns>What they disagree about; null when they agree.</returns>
    public static string? Disagreement(Decision decision, int minor)
    {
        var ebb = EbbOpinion.Of(decision.Moment, SchedulerRules.Of(minor));
        if (OfEbb(decision, ebb, minor) is { } disagreement)
        {
            return disagreement;
        }

        // The sandbox is as the newest release. Where that would decide otherwise, our two are held against each other.
        var sandbox = SandboxOpinion.Of(decision.Moment, decision.Nominated);
        var newest = EbbOpinion.Of(decision.Moment, SchedulerRules.Newest);
        if (ebb.Blocked is not null && minor < 27)
        {
            // Ebb does not come to look at nodes then, and so cannot tell whether what else the old release finds is still found.
            return sandbox.Node is null && sandbox.Opinion.Fits.IsEmpty ? null : $"{ebb}; the sandbox bound it to '{sandbox.Node}': {sandbox.Opinion}.";
        }

        return newest.IsSame(ebb) ? OfSandbox(decision, sandbox, minor) : OfBoth(sandbox.Opinion, newest);
    }

    private static string? OfEbb(Decision decision, Opinion ebb, int minor)
    {
        if (decision.Node is { } node)
        {
            return ebb.Fits.Contains(node) ? null : $"It was bound to {node}; Ebb says: {ebb}.";
        }

        return ebb.Fits.IsEmpty && HasSameCauses(decision, ebb, minor, Cause.Volume, Cause.Spread, Cause.AntiAffinity)
            ? null
            : $"It was not bound: {decision.Reason}: {decision.Message} Ebb says: {ebb}.";
    }

    private static string? OfSandbox(Decision decision, SandboxOpinion sandbox, int minor)
    {
        var opinion = sandbox.Opinion;
        if (decision.Node is { } node)
        {
            return opinion.Fits.Contains(node) && sandbox.Node is not null
                ? null
                : $"It was bound to {node}; the sandbox says: {opinion}, and bound it to '{sandbox.Node}': {sandbox.Message}";
        }

        var real = $"It was not bound: {decision.Reason}: {decision.Message} ";
        var said = Wording.Read(sandbox.Message);
        if (sandbox.Node is not null || !opinion.Fits.IsEmpty
            || !HasSameCauses(decision, opinion, minor, minor < 24 ? [Cause.Spread] : [])
            || (said.Blocked is null && !Same(said.Causes, opinion.Causes, []))
            || (decision.Reason == "Unschedulable" && Wording.Read(decision.Message).Blocked is { } blocked && blocked != said.Blocked))
        {
            return $"{real}The sandbox says: {opinion}, and bound it to '{sandbox.Node}': {sandbox.Message}";
        }

        if ((decision.Nominated is null) != (sandbox.Nominated is null))
        {
            return $"{real}It nominated '{decision.Nominated}', the sandbox '{sandbox.Nominated}'.";
        }

        // Of pods of one priority that began at one time it is left to chance which of them has to go.
        return decision.Nominated is null || Priorities(decision, decision.Victims).SequenceEqual(Priorities(decision, sandbox.Victims ?? []))
            ? null
            : $"{real}On {decision.Nominated} it preempted [{string.Join(", ", decision.Victims)}]; the sandbox would preempt [{string.Join(", ", sandbox.Victims ?? [])}].";
    }

    private static IEnumerable<int> Priorities(Decision decision, ImmutableArray<string> victims) =>
        decision.Moment.Pods
            .Where(pod => victims.Contains((string)pod["metadata"]!["name"]!))
            .Select(pod => (int?)pod["spec"]!["priority"] ?? 0)
            .Order();

    private static string? OfBoth(Opinion sandbox, Opinion ebb) =>
        ebb.Fits.SetEquals(sandbox.Fits) && Same(sandbox.Causes, ebb.Causes, [Cause.Volume, Cause.Spread, Cause.AntiAffinity])
            ? null : $"Ebb says: {ebb}; the sandbox says: {sandbox}.";

    private static bool HasSameCauses(Decision decision, Opinion ours, int minor, params ReadOnlySpan<string> coarse)
    {
        var (causes, blocked) = Wording.Read(decision.Message);
        if (ours.Blocked is null)
        {
            return !IsBlocked(decision, blocked) && Same(causes, ours.Causes, coarse);
        }

        // Some of what we know beforehand the scheduler finds out node by node, and after all else.
        return IsBlocked(decision, blocked)
            || (minor < 27 && LacksVolume(decision.Moment))
            || decision.Moment.Claims.Any(claim => (string?)claim["spec"]!["storageClassName"] == Furniture.NobodyMakes && claim["spec"]!["volumeName"] is null);
    }

    /// <summary>Whether a claim is bound to a volume that is gone.</summary>
    private static bool LacksVolume(Moment moment)
    {
        var volumes = moment.Volumes.Select(volume => (string)volume["metadata"]!["name"]!).ToHashSet();
        return moment.Claims.Any(claim => (string?)claim["spec"]!["volumeName"] is { } name && !volumes.Contains(name));
    }

    /// <summary>Where a filter of the real one gave up there are no counts to compare, but nothing may fit either.</summary>
    private static bool IsBlocked(Decision decision, string? blocked) => blocked is not null || decision.Reason != "Unschedulable";

    /// <param name="coarse">Causes that the other does not tell apart as finely.</param>
    private static bool Same(ImmutableSortedDictionary<string, int> fine, ImmutableSortedDictionary<string, int> other, ReadOnlySpan<string> coarse)
    {
        var names = fine.Keys.Concat(other.Keys).Select(cause => cause.Split(':')[0]).Distinct();
        foreach (var name in names)
        {
            List<int> parts = [.. fine.Where(cause => cause.Key.Split(':')[0] == name).Select(cause => cause.Value)];
            List<int> others = [.. other.Where(cause => cause.Key.Split(':')[0] == name).Select(cause => cause.Value)];

            // A node may have two finer causes at once: then the sum is more than there are nodes.
            var same = coarse.Contains(name)
                ? parts.Count > 0 == others.Count > 0 && (parts.Count == 0 || (others.Sum() >= parts.Max() && others.Sum() <= parts.Sum()))
                : fine.Where(cause => cause.Key.Split(':')[0] == name).SequenceEqual(other.Where(cause => cause.Key.Split(':')[0] == name));
            if (!same)
            {
                return false;
            }
        }

        return true;
    }
}
