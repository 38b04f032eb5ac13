namespace Ebb.Cli.ControlPlane.Components;

/// <summary>Where the components' files are: kubeadm's names under one directory.</summary>
internal sealed record ComponentPaths(string Root)
{
    public string Logs => Path.Combine(Root, "logs");

    /// <summary>Holds a directory for each member.</summary>
    public string Etcd => Path.Combine(Root, "etcd");

    public string Audit => Path.Combine(Logs, "audit.log");

    public string Encryption => Path.Combine(Root, "encryption.yaml");

    public string AuditPolicy => Path.Combine(Root, "audit-policy.yaml");

    public string Admin => Kubeconfig("admin");

    public string Pki(string file) => Path.Combine(Root, "pki", file);

    public string Kubeconfig(string who) => Path.Combine(Root, $"{who}.conf");

    public string EtcdData(string member) => Path.Combine(Etcd, member);
}
