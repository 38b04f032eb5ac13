namespace Ebb.Cli.Definition;

/// <summary>Who reaches the cluster from outside.</summary>
internal sealed record AccessDefinition
{
    public Sources SshFrom { get; init; } = Sources.Own;

    public Sources ApiFrom { get; init; } = Sources.Own;

    /// <summary>To HTTP and HTTPS on the control plane.</summary>
    public Sources IngressFrom { get; init; } = Sources.Own;

    /// <summary>1 to 65535, none that the cluster itself listens on. Default 22.</summary>
    public int SshPort { get; init; } = 22;

    /// <summary>The user on every machine who may become root. Default <c>ebb</c>.</summary>
    public string SshUser { get; init; } = "ebb";

    /// <summary>Absolute path of the file with the public key. Null: Ebb makes a pair.</summary>
    public string? SshKeyFile { get; init; }
}
