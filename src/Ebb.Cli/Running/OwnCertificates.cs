using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.Clusters;
using Ebb.Controller.Certificates;
using Ebb.Controller.Joining;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Running;

/// <summary>What controller and join server of a control plane prove themselves with, and k3s beside them: somebody has to make them anew.</summary>
internal static class OwnCertificates
{
    private const string ByUp = "Run 'ebb up' where this cluster's ebb.yaml is before that; one of your own replace by hand.";

    private static readonly TimeSpan LivesShort = TimeSpan.FromDays(60);

    private static readonly V1ObjectReference AboutCluster =
        new() { ApiVersion = "v1", Kind = "ConfigMap", Namespace = Marks.Namespace, Name = Marks.MemoryName };

    public static CertificateWatch Watch(Target target, JoinServerOptions join) => new(
        Of(join, target.Connection),
        (notice, ct) => target.Kubernetes.TellAsync(AboutCluster, warning: true, CertificateWatch.Reason, notice, ct),
        target.Time,
        target.Loggers.CreateLogger<CertificateWatch>());

    /// <param name="connection">The controller's, to the API server.</param>
    public static ImmutableArray<WatchedCertificate> Of(JoinServerOptions join, KubeConnection connection) =>
    [
        new("The join server's certificate", _ => ValueTask.FromResult<DateTimeOffset?>(InFile(join.CertificateFile)), "From then on no machine joins.", ByUp),
        new("The controller's certificate", ct => OfClientAsync(connection, ct), "From then on pools neither grow nor shrink.", ByUp),
        new(
            "The certificate of this machine's API server",
            _ => ValueTask.FromResult(OfK3s(join)),
            "From then on nobody reaches it.",
            "Run 'ebb keys rotate certificates' where this cluster's ebb.yaml is before that, or restart k3s on every machine of the control plane: it makes its own anew."),
    ];

    private static DateTimeOffset InFile(string path)
    {
        // The first: behind it lies what vouches for it.
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(path));
        return certificate.NotAfter;
    }

    /// <summary>All that k3s makes for itself is of one age; this is what everybody speaks to.</summary>
    private static DateTimeOffset? OfK3s(JoinServerOptions join)
    {
        var path = Path.Combine(Path.GetDirectoryName(join.KubernetesAuthorityFile) ?? "", "serving-kube-apiserver.crt");
        return join.Distribution == JoinServerOptions.K3s && File.Exists(path) ? InFile(path) : null;
    }

    private static async ValueTask<DateTimeOffset?> OfClientAsync(KubeConnection connection, CancellationToken ct)
    {
        // What a program gives out again and again lives for hours, and is renewed by that.
        return (await connection.Credential(null, ct)).Certificate is { } certificate && certificate.NotAfter - certificate.NotBefore > LivesShort ? certificate.NotAfter : null;
    }
}
