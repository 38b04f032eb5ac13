using Ebb.Cli.ControlPlane.Pki;

namespace Ebb.Tests.Cli.ControlPlane;

/// <summary>A directory in which something is spoilt, open to others or in use.</summary>
public sealed class ClusterPkiTroubleTests : IDisposable
{
    private readonly PkiLab _lab = new();

    public ClusterPkiTroubleTests() => _lab.Ensure();

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData("ca", "")]
    [InlineData("ca", "nonsense")]
    [InlineData("front-proxy-ca", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    public void An_authority_that_cannot_be_read_is_an_error_and_stays(string name, string content)
    {
        File.WriteAllText(_lab.Files.Certificate(name), content);
        var before = _lab.Everything();

        var e = Assert.Throws<EbbException>(() => _lab.Ensure());

        Assert.Contains(_lab.Files.Certificate(name), e.Message, StringComparison.Ordinal);
        Assert.Contains("Restore both from a backup", e.Message, StringComparison.Ordinal);
        Assert.Equal(before, _lab.Everything());
    }

    [Fact]
    public void An_authority_with_another_s_key_is_an_error_and_stays()
    {
        File.Copy(_lab.Files.Key("etcd/ca"), _lab.Files.Key("ca"), overwrite: true);

        var e = Assert.Throws<EbbException>(() => _lab.Ensure());

        Assert.Contains("do not belong together", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_leaf_s_certificate_in_an_authority_s_place_is_an_error()
    {
        File.Copy(_lab.Files.Certificate("apiserver"), _lab.Files.Certificate("ca"), overwrite: true);
        File.Copy(_lab.Files.Key("apiserver"), _lab.Files.Key("ca"), overwrite: true);

        var e = Assert.Throws<EbbException>(() => _lab.Ensure());

        Assert.Contains("no authority", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_past_its_end_is_an_error()
    {
        _lab.Time.Advance(TimeSpan.FromDays(3651));

        var e = Assert.Throws<EbbException>(() => _lab.Ensure());

        Assert.Contains("was valid until 2036-02-27", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_service_account_key_that_cannot_be_read_is_an_error_and_stays()
    {
        File.WriteAllText(_lab.Files.ServiceAccountKey, "nonsense");

        var e = Assert.Throws<EbbException>(() => _lab.Ensure());

        Assert.Contains("sa.key", e.Message, StringComparison.Ordinal);
        Assert.Equal("nonsense", File.ReadAllText(_lab.Files.ServiceAccountKey));
    }

    [Fact]
    public void A_file_that_others_could_read_is_closed_to_them()
    {
        File.SetUnixFileMode(_lab.Files.Key("ca"), (UnixFileMode)0b110_100_100);

        _lab.Ensure();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_lab.Files.Key("ca")));
    }

    [Fact]
    public void What_a_run_that_was_cut_short_left_beside_a_file_does_no_harm()
    {
        File.WriteAllText(_lab.Files.Key("apiserver") + ".new", "half of a k");
        File.Delete(_lab.Files.Key("apiserver"));

        Assert.Equal(["apiserver"], _lab.Ensure());

        Assert.False(File.Exists(_lab.Files.Key("apiserver") + ".new"));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_named_and_stays_as_it_was()
    {
        var path = _lab.Files.Certificate("apiserver");
        Directory.CreateDirectory(path + ".new");

        var e = Assert.Throws<IOException>(() => SecretFile.Write(path, "new"));

        Assert.Contains($"'{path}' could not be written and is as it was", e.Message, StringComparison.Ordinal);
        Assert.StartsWith("-----BEGIN", File.ReadAllText(path), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_at_once_do_not_mix()
    {
        using var held = _lab.Files.TakeLock();

        var e = Assert.Throws<EbbException>(() => _lab.Ensure());

        Assert.Contains("try again", e.Message, StringComparison.Ordinal);
    }
}
