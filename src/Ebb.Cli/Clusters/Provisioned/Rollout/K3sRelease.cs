using System.Globalization;
using System.Text.RegularExpressions;

namespace Ebb.Cli.Clusters.Provisioned.Rollout;

/// <summary>A release of k3s: <c>v1.31.5+k3s1</c>, or <c>v1.31.5-rc1+k3s1</c> before it.</summary>
/// <param name="Candidate">Of a release candidate; <see cref="int.MaxValue"/> for the release itself.</param>
/// <param name="Build">Of k3s for this release of Kubernetes, from 1.</param>
internal readonly partial record struct K3sRelease(int Minor, int Patch, int Candidate, int Build) : IComparable<K3sRelease>
{
    public static bool operator <(K3sRelease left, K3sRelease right) => left.CompareTo(right) < 0;

    public static bool operator >(K3sRelease left, K3sRelease right) => left.CompareTo(right) > 0;

    public static bool operator <=(K3sRelease left, K3sRelease right) => left.CompareTo(right) <= 0;

    public static bool operator >=(K3sRelease left, K3sRelease right) => left.CompareTo(right) >= 0;

    /// <summary>Null when it is none.</summary>
    public static K3sRelease? Parse(string text) =>
        Pattern().Match(text) is { Success: true } match
            ? new K3sRelease(
                Number(match.Groups["minor"]), Number(match.Groups["patch"]), match.Groups["rc"].Success ? Number(match.Groups["rc"]) : int.MaxValue, Number(match.Groups["build"]))
            : null;

    public int CompareTo(K3sRelease other) => (Minor, Patch, Candidate, Build).CompareTo((other.Minor, other.Patch, other.Candidate, other.Build));

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"v1.{Minor}.{Patch}{(Candidate == int.MaxValue ? "" : $"-rc{Candidate}")}+k3s{Build}");

    private static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\Av1\.(?<minor>\d{1,3})\.(?<patch>\d{1,3})(-rc(?<rc>\d{1,2}))?\+k3s(?<build>\d{1,2})\z")]
    private static partial Regex Pattern();
}
