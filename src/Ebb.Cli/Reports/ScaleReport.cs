namespace Ebb.Cli.Reports;

/// <summary>What a wish for another number of machines led to.</summary>
internal sealed record ScaleReport
{
    public required string Pool { get; init; }

    public required int From { get; init; }

    /// <summary>How many machines the pool will have.</summary>
    public required int To { get; init; }

    /// <summary>In plain words, where it is not what was wished for; else null.</summary>
    public string? Note { get; init; }
}
