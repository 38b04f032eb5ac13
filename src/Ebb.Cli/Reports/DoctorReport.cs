using System.Collections.Immutable;

namespace Ebb.Cli.Reports;

/// <summary>What <c>ebb doctor --json</c> prints.</summary>
internal sealed record DoctorReport
{
    public required DateTimeOffset At { get; init; }

    /// <summary>Whether nothing is broken; there may be warnings.</summary>
    public required bool Well { get; init; }

    public required ImmutableArray<FindingReport> Findings { get; init; }
}

/// <param name="Severity">broken or warning.</param>
internal sealed record FindingReport(string Severity, string About, string What, string Remedy);
