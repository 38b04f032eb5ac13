using System.Collections.Immutable;

namespace Ebb.Cli.ControlPlane.Backups;

/// <summary>
/// The files that make a cluster this one and no other: who is believed, and what its Secrets are encrypted with. All other
/// certificates are issued from these.
/// </summary>
internal static class Identity
{
    public static readonly ImmutableArray<string> Files =
    [
        "pki/ca.crt", "pki/ca.key", "pki/front-proxy-ca.crt", "pki/front-proxy-ca.key", "pki/etcd/ca.crt", "pki/etcd/ca.key",
        "pki/sa.key", "pki/sa.pub", "encryption.yaml",
    ];

    /// <summary>Nothing else in a backup is ever written anywhere.</summary>
    public static bool MayHold(string part) => part == BackupFile.Snapshot || Files.Contains(part);
}
