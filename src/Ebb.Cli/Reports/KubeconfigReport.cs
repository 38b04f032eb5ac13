namespace Ebb.Cli.Reports;

/// <summary>Where a sandbox's kubeconfig is.</summary>
internal sealed record KubeconfigReport
{
    public required string Path { get; init; }

    /// <summary>Null unless it was asked for: it holds a key.</summary>
    public string? Content { get; init; }
}
