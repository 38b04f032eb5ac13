using System.Collections.Immutable;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>What someone may do at a scope, as Azure states it: each grant allows what its actions match and its exceptions do not.</summary>
public sealed record Permissions(ImmutableArray<Permissions.Grant> Grants)
{
    public sealed record Grant(ImmutableArray<string> Actions, ImmutableArray<string> Except);

    /// <param name="action">For example <c>Microsoft.Compute/virtualMachines/write</c>.</param>
    public bool Allow(string action) => Grants.Any(grant => grant.Actions.Any(a => Matches(a, action)) && !grant.Except.Any(a => Matches(a, action)));

    /// <summary>Where <c>*</c> stands for anything, also for slashes; case does not count.</summary>
    internal static bool Matches(string pattern, string action)
    {
        var parts = pattern.Split('*');
        if (parts.Length == 1)
        {
            return pattern.Equals(action, StringComparison.OrdinalIgnoreCase);
        }

        if (action.Length < parts[0].Length + parts[^1].Length
            || !action.StartsWith(parts[0], StringComparison.OrdinalIgnoreCase)
            || !action.EndsWith(parts[^1], StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var (at, end) = (parts[0].Length, action.Length - parts[^1].Length);
        foreach (var part in parts[1..^1])
        {
            var found = action.IndexOf(part, at, end - at, StringComparison.OrdinalIgnoreCase);
            if (found < 0)
            {
                return false;
            }

            at = found + part.Length;
        }

        return true;
    }
}
