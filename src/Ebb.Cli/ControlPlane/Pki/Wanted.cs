using System.Collections.Immutable;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>Every certificate of a control plane: the subjects, groups and names that kubeadm gives them.</summary>
internal static class Wanted
{
    /// <summary>Since this release administrators are a group bound by name; before it they are system:masters, which nothing can take rights from.</summary>
    public static readonly Version AdministratorsAreBound = new(1, 29);

    /// <summary>Since this release the API server has a binding of its own towards kubelets.</summary>
    public static readonly Version KubeletClientIsBound = new(1, 36);

    public const string Administrators = "kubeadm:cluster-admins";

    private const string Masters = "system:masters";

    /// <summary>The authorities, each with its common name.</summary>
    public static readonly ImmutableArray<(string Name, string CommonName)> Authorities =
    [
        (PkiFiles.ClusterAuthority, "kubernetes"),
        (PkiFiles.FrontProxyAuthority, "front-proxy-ca"),
        (PkiFiles.EtcdAuthority, "etcd-ca"),
    ];

    /// <summary>What the authorities sign for the control plane's own parts, by the names of the files.</summary>
    public static readonly ImmutableArray<string> CertificateNames =
    [
        "apiserver", "apiserver-kubelet-client", "apiserver-etcd-client", "etcd/server", "etcd/peer", "etcd/healthcheck-client", "front-proxy-client",
    ];

    /// <summary>Who has a kubeconfig; the second only since <see cref="AdministratorsAreBound"/>.</summary>
    public static readonly ImmutableArray<string> Users = ["admin", "super-admin", "controller-manager", "scheduler", "ebb"];

    /// <summary>Which authority signs the certificate of this name.</summary>
    public static string AuthorityOf(string name) => name switch
    {
        "apiserver-etcd-client" or "etcd/server" or "etcd/peer" or "etcd/healthcheck-client" => PkiFiles.EtcdAuthority,
        "front-proxy-client" => PkiFiles.FrontProxyAuthority,
        _ => PkiFiles.ClusterAuthority,
    };

    public static ImmutableArray<CertificateSpec> Certificates(PkiOptions options) =>
    [
        Of("apiserver", "kube-apiserver", server: true).WithHosts(
        [
            "kubernetes", "kubernetes.default", "kubernetes.default.svc", $"kubernetes.default.svc.{options.ClusterDomain}", "localhost",
            options.ServiceAddress.ToString(), "127.0.0.1", "::1",
            options.Server.Host, .. options.LocalServer is { } local ? new[] { local.Host } : [], .. options.ApiServerHosts,
        ]),
        Of("apiserver-kubelet-client", "kube-apiserver-kubelet-client", client: true) with
        {
            Organizations = options.KubernetesVersion >= KubeletClientIsBound ? [] : [Group(options)],
        },
        Of("apiserver-etcd-client", "kube-apiserver-etcd-client", client: true),
        Of("etcd/server", options.EtcdMembers[0], client: true, server: true).WithHosts(EtcdHosts(options)),
        Of("etcd/peer", options.EtcdMembers[0], client: true, server: true).WithHosts(EtcdHosts(options)),
        Of("etcd/healthcheck-client", "kube-etcd-healthcheck-client", client: true),
        Of("front-proxy-client", "front-proxy-client", client: true),
    ];

    public static ImmutableArray<KubeconfigSpec> Kubeconfigs(PkiOptions options)
    {
        var local = options.LocalServer ?? options.Server;
        var super = options.KubernetesVersion >= AdministratorsAreBound
            ? new[] { User("super-admin", "kubernetes-super-admin", options.Server, Masters) }
            : [];
        return
        [
            User("admin", "kubernetes-admin", options.Server, Group(options)),
            .. super,
            User("controller-manager", "system:kube-controller-manager", local),
            User("scheduler", "system:kube-scheduler", local),
            User("ebb", "ebb", options.Server),
        ];
    }

    private static IEnumerable<string> EtcdHosts(PkiOptions options) =>
        [.. options.EtcdMembers, "localhost", "127.0.0.1", "::1", .. options.EtcdHosts];

    private static string Group(PkiOptions options) => options.KubernetesVersion >= AdministratorsAreBound ? Administrators : Masters;

    private static CertificateSpec Of(string name, string commonName, bool client = false, bool server = false) =>
        new() { Name = name, Authority = AuthorityOf(name), CommonName = commonName, Client = client, Server = server };

    private static KubeconfigSpec User(string user, string commonName, Uri server, params string[] groups) =>
        new(user, server, Of(user + ".conf", commonName, client: true) with { Organizations = [.. groups] });
}

/// <summary>What one kubeconfig must say.</summary>
/// <param name="User">Also names its file.</param>
internal sealed record KubeconfigSpec(string User, Uri Server, CertificateSpec Certificate);
