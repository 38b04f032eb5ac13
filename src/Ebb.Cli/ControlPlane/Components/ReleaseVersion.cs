using System.Globalization;
using System.Text.RegularExpressions;

namespace Ebb.Cli.ControlPlane.Components;

/// <summary>A release of Kubernetes or etcd: what decides which flags it knows.</summary>
internal readonly partial record struct ReleaseVersion(int Major, int Minor, int Patch) : IComparable<ReleaseVersion>
{
    public static bool operator <(ReleaseVersion left, ReleaseVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(ReleaseVersion left, ReleaseVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(ReleaseVersion left, ReleaseVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ReleaseVersion left, ReleaseVersion right) => left.CompareTo(right) >= 0;

    /// <summary>The first version within what a program prints, such as <c>Kubernetes v1.20.2</c>; null when there is none.</summary>
    public static ReleaseVersion? Find(string text) =>
        Pattern().Match(text) is { Success: true } match
            ? new ReleaseVersion(Number(match.Groups[1]), Number(match.Groups[2]), Number(match.Groups[3]))
            : null;

    public int CompareTo(ReleaseVersion other) => (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    /// <summary>Whether it is of this minor release or a later one.</summary>
    public bool AtLeast(int major, int minor, int patch = 0) => CompareTo(new ReleaseVersion(major, minor, patch)) >= 0;

    public override string ToString() => $"{Major}.{Minor}.{Patch}";

    private static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    // Distributions add to the patch: 1.30.4+k3s1, 1.20.2-debian.
    [GeneratedRegex(@"\b[vV]?(\d{1,4})\.(\d{1,4})\.(\d{1,4})")]
    private static partial Regex Pattern();
}
