using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>The causes as Ebb can tell them apart; the real scheduler has finer words for some.</summary>
internal static class Cause
{
    public const string Unschedulable = "unschedulable";
    public const string Taint = "taint";
    public const string Selector = "selector";
    public const string Ports = "ports";
    public const string TooManyPods = "too many pods";
    public const string Insufficient = "insufficient ";
    public const string Volume = "volume";

    /// <summary>Since 1.27 it forbids all nodes at once.</summary>
    public const string LostVolume = "volume: missing";

    public const string Spread = "spread";
    public const string Affinity = "affinity";
    public const string AntiAffinity = "anti-affinity";
}

/// <summary>Reads "0/5 nodes are available: 2 Insufficient cpu, 3 node(s) didn't match ..." of any release.</summary>
internal static partial class Wording
{
    /// <summary>By prefix, the longer one first. The finer word (right of the colon) tells apart what the sandbox must tell apart, too.</summary>
    private static readonly (string Prefix, string Cause)[] Known =
    [
        ("node(s) were unschedulable", Cause.Unschedulable),

        // Up to 1.20 with the taint after it, "that the pod didn't tolerate"; then "untolerated taint {..}"; now without.
        ("node(s) had taint", Cause.Taint),
        ("node(s) had untolerated taint", Cause.Taint),
        ("node(s) didn't match node selector", Cause.Selector),
        ("node(s) didn't match Pod's node affinity", Cause.Selector),
        ("node(s) didn't match scheduler-enforced node affinity", Cause.Selector),
        ("node(s) didn't have free ports", Cause.Ports),
        ("Too many pods", Cause.TooManyPods),
        ("node(s) had volume node affinity conflict", Cause.Volume + ": node"),
        ("node(s) didn't match PersistentVolume's node affinity", Cause.Volume + ": node"),
        ("node(s) didn't find available persistent volumes to bind", Cause.Volume + ": bind"),
        ("node(s) had no available volume zone", Cause.Volume + ": zone"),
        ("pvc(s) bound to non-existent pv(s)", Cause.LostVolume),
        ("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)", Cause.LostVolume),
        ("node(s) didn't match pod topology spread constraints (missing required label)", Cause.Spread + ": label"),
        ("node(s) didn't match pod topology spread constraints", Cause.Spread + ": skew"),
        ("node(s) didn't match pod affinity rules", Cause.Affinity),
        ("node(s) didn't match pod anti-affinity rules", Cause.AntiAffinity + ": own"),
        ("node(s) didn't satisfy existing pods anti-affinity rules", Cause.AntiAffinity + ": theirs"),
    ];

    /// <summary>Releases before 1.22 say this besides the rule that it was.</summary>
    private const string Umbrella = "node(s) didn't match pod affinity/anti-affinity";

    /// <summary>All causes but that of lacking resources.</summary>
    public static IEnumerable<string> KnownCauses => Known.Select(known => known.Cause).Distinct();

    /// <summary>Causes with counts, or the one thing that forbids all nodes.</summary>
    public static (ImmutableSortedDictionary<string, int> Causes, string? Blocked) Read(string message)
    {
        var match = Head().Match(message);
        if (!match.Success)
        {
            return (ImmutableSortedDictionary<string, int>.Empty, message);
        }

        var total = match.Groups["total"].Value;
        var causes = new List<string>();
        string? blocked = null;
        foreach (var part in Parts().Split(match.Groups["causes"].Value))
        {
            var counted = Counted().Match(part);
            var text = counted.Success ? counted.Groups["what"].Value : part;
            if (text.StartsWith(Umbrella, StringComparison.Ordinal) || text.Length == 0)
            {
                continue;
            }

            if (CauseOf(text) is { } cause && counted.Success)
            {
                causes.AddRange(Enumerable.Repeat(cause, int.Parse(counted.Groups["count"].Value)));
            }
            else if (!counted.Success || counted.Groups["count"].Value == total)
            {
                // What was found before any node was looked at counts for all of them; newer releases leave the count out.
                blocked = text;
            }
            else
            {
                throw new InvalidOperationException($"The scheduler has a word that is not in the table: '{text}' in '{message}'.");
            }
        }

        return (Count(causes), blocked);
    }

    public static ImmutableSortedDictionary<string, int> Count(IEnumerable<string> causes) => causes
        .GroupBy(cause => cause)
        .ToImmutableSortedDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);

    private static string? CauseOf(string text) =>
        text.StartsWith("Insufficient ", StringComparison.Ordinal)
            ? Cause.Insufficient + text["Insufficient ".Length..]
            : Known.FirstOrDefault(known => text.StartsWith(known.Prefix, StringComparison.Ordinal)).Cause;

    [GeneratedRegex(@"^0/(?<total>\d+) nodes are available:? ?(?<causes>.*?)\.?( (no new claims to deallocate, )?preemption: .*)?$")]
    private static partial Regex Head();

    // A comma also stands inside "had taint {a: b}, that the pod didn't tolerate"; a cause begins with its count.
    [GeneratedRegex(@", (?=\d+ )")]
    private static partial Regex Parts();

    [GeneratedRegex(@"^(?<count>\d+) (?<what>.*)$")]
    private static partial Regex Counted();
}
