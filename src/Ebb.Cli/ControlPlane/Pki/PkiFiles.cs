namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>Where the keys, certificates and configuration of one control plane lie: kubeadm's names under one directory.</summary>
internal sealed record PkiFiles(string Directory)
{
    public const string ClusterAuthority = "ca";
    public const string FrontProxyAuthority = "front-proxy-ca";
    public const string EtcdAuthority = "etcd/ca";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public string ServiceAccountKey => Path.Combine(Directory, "pki", "sa.key");

    public string ServiceAccountPublicKeys => Path.Combine(Directory, "pki", "sa.pub");

    /// <summary>
    /// The one certificate that machines' certificates are signed with: the controller manager takes no bundle, which
    /// <c>ca.crt</c> is while authorities change.
    /// </summary>
    public string SigningCertificate => Path.Combine(Directory, "pki", "ca-signing.crt");

    public string Encryption => Path.Combine(Directory, "encryption.yaml");

    public string AuditPolicy => Path.Combine(Directory, "audit-policy.yaml");

    public string AdminKubeconfig => Kubeconfig("admin");

    /// <summary>Held by whoever changes something here.</summary>
    public string Lock => Path.Combine(Directory, "pki", ".lock");

    /// <summary>The fingerprint of the files that the running components were started with.</summary>
    public string TakenUp => Path.Combine(Directory, "pki", ".taken-up");

    /// <param name="name">As kubeadm calls it: <c>apiserver</c>, <c>etcd/server</c>.</param>
    public string Certificate(string name) => Path.Combine(Directory, "pki", name + ".crt");

    public string Key(string name) => Path.Combine(Directory, "pki", name + ".key");

    /// <param name="user">For example <c>controller-manager</c>.</param>
    public string Kubeconfig(string user) => Path.Combine(Directory, user + ".conf");

    /// <summary>
    /// The kubeconfig that may do everything in a cluster that is still empty. Since 1.29 the administrator's rights come from a
    /// binding, which someone else has to make first.
    /// </summary>
    public string FirstKubeconfig(Version kubernetes) => Kubeconfig(kubernetes >= Wanted.AdministratorsAreBound ? "super-admin" : "admin");

    public void CreateDirectories()
    {
        foreach (var path in new[] { Directory, Path.Combine(Directory, "pki"), Path.Combine(Directory, "pki", "etcd") })
        {
            try
            {
                System.IO.Directory.CreateDirectory(path, OwnerOnly);
                if ((File.GetUnixFileMode(path) & ~OwnerOnly) != 0)
                {
                    File.SetUnixFileMode(path, OwnerOnly);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new EbbException($"The directory '{path}' cannot be made, or closed to others: {e.Message} Make its parent writable, or choose another.", e);
            }
        }
    }

    /// <summary>Lets no other process change anything here until it is disposed of.</summary>
    public FileStream TakeLock()
    {
        try
        {
            return new FileStream(Lock, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (UnauthorizedAccessException e)
        {
            throw new EbbException($"'{Path.GetDirectoryName(Lock)}' cannot be written to: {e.Message.TrimEnd('.')}. Run this as its owner.", e);
        }
        catch (IOException e)
        {
            throw new EbbException($"The keys in '{Directory}' cannot be changed now: {e.Message.TrimEnd('.')}. See that it can be written; if another process is at it, try again when that is done.", e);
        }
    }
}
