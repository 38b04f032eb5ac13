using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.CloudInit;
using Ebb.Tests.Cli.Provisioning.Rendered;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>What control planes and pools are given that reach nothing outside.</summary>
public sealed class AirGapDirectoryTests : IDisposable
{
    private static readonly Lazy<Attestor> Azure = new(() => new Attestor(TimeProvider.System.GetUtcNow()));

    private readonly string _directory = Directory.CreateTempSubdirectory("ebb-airgap-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Certificates_that_vouch_for_Azure_go_to_the_control_plane_where_its_join_server_looks_and_not_to_pools()
    {
        Write(Azure.Value.RootPem + Azure.Value.Between.ExportCertificatePem() + "\n");
        var (cluster, inputs) = RenderLab.Of("air-gapped");
        inputs = inputs with { AirGapHashes = inputs.AirGapHashes.AddRange(Open().Hashes()) };

        var taken = ControlPlaneConfig.Taken(cluster, inputs).Where(file => ((string)file["from"]!).EndsWith(".pem", StringComparison.Ordinal));
        var rendered = Renderer.Render(cluster, inputs);

        var roots = Assert.Single(taken);
        Assert.Equal(("airgap/attestation-roots.pem", "/etc/ebb/join/attestation-roots.pem", "0644"), ((string)roots["from"]!, (string)roots["to"]!, (string)roots["mode"]!));
        Assert.Contains("airgap/attestation-roots.pem", rendered.SystemFiles);
        Assert.All(
            rendered.CloudConfigs.Where(config => config.Key != ResourceNames.ControlPlaneRole),
            pool => Assert.DoesNotContain("attestation-roots", pool.Value, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_by_which_no_machine_would_be_let_in_is_refused_before_anything_is_made(bool certificates)
    {
        Write(certificates ? Azure.Value.Between.ExportCertificatePem() : "certificates, soon");

        var e = Assert.Throws<EbbException>(() => Open());

        Assert.Contains($"attestation-roots.pem' has {(certificates ? 1 : 0)} certificates", e.Message, StringComparison.Ordinal);
    }

    private void Write(string content) => File.WriteAllText(Path.Combine(_directory, "attestation-roots.pem"), content);

    private AirGapDirectory Open() => AirGapDirectory.Of("ebb.yaml", Distribution.K3s, _ => _directory)!;
}
