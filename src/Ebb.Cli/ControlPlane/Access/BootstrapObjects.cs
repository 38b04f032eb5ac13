using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Joining;
using Ebb.Kubernetes;

namespace Ebb.Cli.ControlPlane.Access;

/// <summary>
/// What a new cluster needs before machines can join it: the objects that kubeadm makes after the first start, under kubeadm's
/// names, and the role of Ebb itself.
/// </summary>
internal static class BootstrapObjects
{
    /// <summary>The group of every bootstrap token that machines join with.</summary>
    public const string JoiningMachines = BootstrapTokens.Kubeadm;

    // The API server makes the namespaces in its first seconds, and says before that it is ready.
    private static readonly TimeSpan NamespacesWithin = TimeSpan.FromSeconds(30);

    /// <summary>Makes all of it so; may be done again at any time.</summary>
    /// <param name="admin">Must be in system:masters: see <see cref="PkiFiles.FirstKubeconfig"/>.</param>
    /// <param name="server">Where machines reach the API server.</param>
    /// <param name="authorityPem">The cluster's authority, for machines to trust.</param>
    public static async Task ApplyAsync(
        KubeClient admin, Uri server, string authorityPem, Version kubernetes, TimeProvider time, Random random, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var backoff = new Backoff(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1), time, random);
        foreach (var manifest in All(server, authorityPem, kubernetes))
        {
            while (true)
            {
                try
                {
                    await manifest.ApplyAsync(admin, ct);
                    break;
                }
                catch (KubeException e) when (MayHeal(e) && time.GetElapsedTime(started) < NamespacesWithin)
                {
                    await backoff.FailedAsync(ct);
                }
            }
        }
    }

    /// <summary>All of it, what others depend on first.</summary>
    public static ImmutableArray<Manifest> All(Uri server, string authorityPem, Version kubernetes) =>
    [
        .. Administrators(kubernetes),
        .. Joining(),
        .. ClusterInformation(server, authorityPem),
        .. EbbRole.Manifests(),
    ];

    // Not found is the namespace, a conflict the server's own first writes, and it may just be busy.
    private static bool MayHeal(KubeException e) => e.NotFound || e.Conflict || e.Status is null or { Code: 429 or >= 500 };

    private static IEnumerable<Manifest> Administrators(Version kubernetes)
    {
        if (kubernetes >= Wanted.AdministratorsAreBound)
        {
            yield return Manifest.ClusterRoleBinding(Wanted.Administrators, "cluster-admin", Subject.Members(Wanted.Administrators));
        }

        if (kubernetes >= Wanted.KubeletClientIsBound)
        {
            yield return Manifest.ClusterRoleBinding(
                "kubeadm:apiserver-kubelet-client", "system:kubelet-api-admin", Subject.User("kube-apiserver-kubelet-client"));
        }
    }

    // A machine asks for its first certificate as a joining one, which is granted without a person; and renews it as a node.
    private static IEnumerable<Manifest> Joining() =>
    [
        Manifest.ClusterRoleBinding("kubeadm:kubelet-bootstrap", "system:node-bootstrapper", Subject.Members(JoiningMachines)),
        Manifest.ClusterRoleBinding(
            "kubeadm:node-autoapprove-bootstrap",
            "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
            Subject.Members(JoiningMachines)),
        Manifest.ClusterRoleBinding(
            "kubeadm:node-autoapprove-certificate-rotation",
            "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
            Subject.Members("system:nodes")),
        Manifest.ClusterRole("kubeadm:get-nodes", [Manifest.Rule("", "nodes", ["get"])]),
        Manifest.ClusterRoleBinding("kubeadm:get-nodes", "kubeadm:get-nodes", Subject.Members(JoiningMachines)),
    ];

    // Readable by anyone: where the cluster is and which authority it has. A token's holder can tell from the signature beside
    // it, which the controller manager adds, that it is not someone else's.
    private static IEnumerable<Manifest> ClusterInformation(Uri server, string authorityPem)
    {
        var kubeconfig =
            $"""
            apiVersion: v1
            clusters:
            - cluster:
                certificate-authority-data: {Convert.ToBase64String(Encoding.UTF8.GetBytes(authorityPem))}
                server: {server.GetLeftPart(UriPartial.Authority)}
              name: ""
            contexts: null
            current-context: ""
            kind: Config
            preferences: {"{}"}
            users: null

            """;
        const string ns = "kube-public";
        const string role = "kubeadm:bootstrap-signer-clusterinfo";
        return
        [
            new("v1", "ConfigMap", "configmaps", ns, "cluster-info", new JsonObject { ["data"] = new JsonObject { ["kubeconfig"] = kubeconfig } }),
            Manifest.Role(ns, role, [Manifest.Rule("", "configmaps", ["get"], "cluster-info")]),
            Manifest.RoleBinding(ns, role, role, Subject.User("system:anonymous")),
        ];
    }
}
