using Ebb.Planning;
using Ebb.Scheduling;

namespace Ebb.Shrinking;

/// <summary>Which pods may be evicted now, by rule and by disruption budget; counts what this plan evicts.</summary>
internal sealed class Movable(Draft draft)
{
    // The system's own pods without a budget are left to settle: an hour is what other autoscalers give them.
    private static readonly TimeSpan SystemPodsSettle = TimeSpan.FromHours(1);

    // A budget is spent while a pod that was moved comes up again elsewhere; one that stays spent for so long will not recover.
    private static readonly TimeSpan BudgetRecovers = TimeSpan.FromMinutes(30);

    private readonly int[] _allowed = [.. draft.Snapshot.Budgets.Select(budget => budget.Allowed)];
    private readonly HashSet<string> _disturbed = [.. draft.Snapshot.Pending.Where(pod => pod.Owner is not null).Select(pod => pod.Owner!.Uid)];

    /// <summary>Whether every pod that keeps the node from being idle could be evicted, if not all at once.</summary>
    /// <remarks>While a node is being emptied, a budget that is spent for the moment does not count against it.</remarks>
    public bool All(Standing node)
    {
        var begun = node.Retiring == TaintEffect.NoSchedule && draft.Now - (node.RetiringSince ?? draft.Now) < BudgetRecovers;
        if (node.Load.Protected > 0)
        {
            return false;
        }

        foreach (var pod in node.Node.Pods)
        {
            if (pod.IsWork && !Is(pod, least: begun ? 0 : 1))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The pod to evict next; null while the last one is still going, or none may be disturbed now.</summary>
    public Pod? Next(Standing node)
    {
        if (node.Load.SomeLeaving)
        {
            return null;
        }

        foreach (var pod in node.Node.Pods)
        {
            // A controller gets its pod up again elsewhere before it loses another.
            if (pod.IsWork && Is(pod, least: 1) && (pod.Owner is null || _disturbed.Add(pod.Owner.Uid)))
            {
                if (BudgetOf(pod) is { } budget)
                {
                    _allowed[budget]--;
                }

                return pod;
            }
        }

        return null;
    }

    /// <param name="least">How many its budget must allow now.</param>
    private bool Is(Pod pod, int least)
    {
        if (pod.IsProtected)
        {
            return false;
        }

        if (BudgetOf(pod) is { } budget)
        {
            // The API server refuses to evict what several budgets claim.
            return budget >= 0 && _allowed[budget] >= least;
        }

        return pod.Namespace != "kube-system" || pod.Protection == Protection.Allowed
            || (pod.StartedAt is { } started && draft.Now - started >= SystemPodsSettle);
    }

    /// <summary>Null without a budget, -1 when there are several.</summary>
    private int? BudgetOf(Pod pod)
    {
        int? found = null;
        var budgets = draft.Snapshot.Budgets;
        for (var i = 0; i < budgets.Length; i++)
        {
            if (budgets[i].Namespace == pod.Namespace && budgets[i].Selector?.Selects(pod.Labels) == true)
            {
                found = found is null ? i : -1;
            }
        }

        return found;
    }
}
