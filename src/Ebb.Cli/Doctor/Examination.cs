using System.Collections.Immutable;
using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ebb.Acting.Draining;
using Ebb.Cli.Clusters;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Clouds;
using Ebb.Kubernetes;

namespace Ebb.Cli.Doctor;

/// <summary>Looks at everything about a cluster; what does not answer is a symptom like any other.</summary>
internal static class Examination
{
    public static async Task<Symptoms> OfAsync(TargetOptions target, ParseResult parsed, Terminal terminal, CancellationToken ct)
    {
        var seen = new Symptoms { Now = TimeProvider.System.GetUtcNow() };
        var path = target.FileOf(parsed);
        if (path is not null)
        {
            seen = await CloudAsync(seen, path, ct);
        }

        try
        {
            await using var opened = await target.OpenAsync(parsed, ct);
            var look = await opened.LookAsync(terminal, ct);
            return seen with
            {
                Status = look.Report,
                Nodes =
                [
                    .. look.Snapshot.Nodes.Select(node => new NodeSign(node.Name, node.Ready, node.ProviderId, node.CreatedAt, node.KubeletVersion)
                    {
                        ControlPlane = node.Shape.Labels.ContainsKey("node-role.kubernetes.io/control-plane"),
                        Hold = OperatingMark.Read(node.Annotations.GetValueOrDefault(Marks.Operating)),
                    }),
                ],
            };
        }
        catch (Exception e) when ((path is not null || e is not EbbException) && IsTrouble(e, ct))
        {
            return seen with { KubernetesTrouble = Trouble.Explain(e) };
        }
    }

    /// <exception cref="EbbException">The file cannot be read, or nothing of its cluster is there: neither is an illness.</exception>
    private static async Task<Symptoms> CloudAsync(Symptoms seen, string path, CancellationToken ct)
    {
        using var session = await ClusterSession.OpenAsync(path, hold: false, ct)
            ?? throw new EbbException($"There is nothing of the cluster of {path}: the sandbox's Azure for it does not run. 'ebb up' makes it.");
        seen = seen with { Flag = session.Flag, Certificates = Certificates(session.Home), Rotations = KeyState.Read(session.Home).Rotations };
        try
        {
            var place = await ClusterPlace.LookAsync(session.File, session.Cloud.Groups, session.Cloud.Deployments, ct);
            seen = seen with { Groups = GroupReport.Of(place, session.File.Cloud.StorageGroup, session.File.Cloud.ComputeGroup) };
            var plan = await session.LookAsync(ct);
            return seen with { Drift = plan.Changes, Impediments = plan.Preflight.Problems, ControlPlane = plan.ControlPlane };
        }
        catch (Exception e) when (IsTrouble(e, ct))
        {
            return seen with { CloudTrouble = Trouble.Explain(e) };
        }
    }

    private static ImmutableArray<CertificateSign> Certificates(ClusterHome home) =>
        Directory.Exists(home.Keys)
            ? [
                .. from file in Directory.EnumerateFiles(home.Keys, "*.crt", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                   select new CertificateSign(Path.GetRelativePath(home.Keys, file)[..^".crt".Length], file, UntilOf(file)),
            ]
            : [];

    private static DateTimeOffset? UntilOf(string file)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(SecretFile.Read(file));
            return certificate.NotAfter.ToUniversalTime();
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static bool IsTrouble(Exception e, CancellationToken ct) =>
        e is EbbException or CloudException or KubeException or HttpRequestException or IOException or TimeoutException
        || (e is OperationCanceledException && !ct.IsCancellationRequested);
}
