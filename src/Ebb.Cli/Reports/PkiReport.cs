using System.Collections.Immutable;

namespace Ebb.Cli.Reports;

/// <summary>One certificate of a cluster's control plane.</summary>
internal sealed record CertificateReport
{
    /// <summary>As kubeadm calls it: <c>etcd/server</c>, <c>admin.conf</c>.</summary>
    public required string Name { get; init; }

    public required string File { get; init; }

    public string? Subject { get; init; }

    /// <summary>Who signed it; null for an authority itself.</summary>
    public string? Authority { get; init; }

    public DateTimeOffset? Until { get; init; }

    /// <summary>Whole days; negative when it has ended.</summary>
    public int? DaysLeft { get; init; }

    /// <summary>valid, due, expired, unpaired (its key is another's), missing or unreadable.</summary>
    public required string State { get; init; }
}

/// <summary>What a renewal did.</summary>
internal sealed record RenewalReport
{
    /// <summary>Also <c>sa</c> for the service accounts' key and <c>encryption.yaml</c> for the key of Secrets.</summary>
    public required ImmutableArray<string> Renewed { get; init; }

    /// <summary>The components that read them at their start.</summary>
    public required ImmutableArray<string> Readers { get; init; }

    /// <summary>Whether those run with them now; false when the cluster does not run, or was not waited for.</summary>
    public required bool TakenUp { get; init; }
}
