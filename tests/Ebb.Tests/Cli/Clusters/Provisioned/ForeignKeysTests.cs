using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Provisioning;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>A computer that has not a cluster's keys gives it no others.</summary>
public sealed class ForeignKeysTests : IDisposable
{
    private readonly CloudCase _case = new();
    private readonly KeysCase _own;
    private readonly KeysCase _other;

    public ForeignKeysTests()
    {
        _own = new KeysCase(_case.Time);
        _other = new KeysCase(_case.Time);
        _own.Ensure();
    }

    [Fact]
    public void Where_there_is_no_cluster_any_keys_will_do()
    {
        Check(_own);
        Check(_other);
    }

    [Fact]
    public void A_computer_without_the_cluster_s_keys_is_refused_and_makes_none()
    {
        Up();
        _case.Wire.Calls.Clear();

        var refused = Assert.Throws<EbbException>(() => Check(_other));

        Assert.Contains("Copy that directory here", refused.Message, StringComparison.Ordinal);
        Assert.Contains(_other.Home.Keys, refused.Message, StringComparison.Ordinal);
        Assert.Empty(_case.Wire.Writes);
        Assert.Empty(Directory.EnumerateFiles(_other.Home.Keys, "*.crt", SearchOption.AllDirectories));
        Check(_own);
    }

    [Fact]
    public void A_computer_with_other_keys_is_refused()
    {
        Up();
        _other.Ensure();

        Assert.Throws<EbbException>(() => Check(_other));
    }

    [Fact]
    public void Keys_that_machines_were_deleted_beside_are_still_the_cluster_s()
    {
        Up();
        _case.Down(DownScope.Machines);

        Assert.Throws<EbbException>(() => Check(_other));
        Check(_own);
    }

    [Fact]
    public void Machines_whose_share_is_gone_are_still_of_the_keys_that_they_were_made_with()
    {
        Up();
        Write(SystemShare.JoinAuthority, new byte[64]);
        Write(SystemShare.Pki + "server-ca.crt", new byte[64]);

        Assert.Throws<EbbException>(() => Check(_other));
        Check(_own);
    }

    [Fact]
    public void Whoever_was_cut_short_while_copying_carries_on()
    {
        Up();
        _case.Down(DownScope.Machines);
        Write(SystemShare.JoinAuthority, new byte[64]);

        Check(_own);
        Write(SystemShare.Pki + "server-ca.crt", new byte[64]);
        Check(_own);
        Check(_other);
    }

    [Fact]
    public void Keys_that_were_rotated_while_there_were_no_machines_are_the_cluster_s()
    {
        Up();
        _case.Down(DownScope.Machines);
        foreach (var kind in RotationKind.Choose([JoinAuthorities.What, ClusterAuthorities.What]))
        {
            _case.Do(() => new RotationRun(_own.Home, Work(), _case.Time, _ => { }).RunAsync(kind, CancellationToken.None));
            _own.Ensure();
            Check(_own);
        }
    }

    [Theory]
    [InlineData(JoinAuthorities.What)]
    [InlineData(ClusterAuthorities.What)]
    [InlineData(RotationKind.Passwords)]
    [InlineData(RotationKind.Ssh)]
    [InlineData(RotationKind.Storage)]
    [InlineData(ClusterKeys.Certificates)]
    public void Keys_that_were_rotated_on_another_computer_meanwhile_are_refused(string what)
    {
        Up();
        Copy(_own, _other);
        Rotate(what);
        _case.Wire.Calls.Clear();

        var refused = Assert.Throws<EbbException>(() => Check(_other));

        Assert.Contains("Copy that directory here again", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_case.Wire.Writes);
        Check(_own);
        Copy(_own, _other);
        Check(_other);
    }

    [Theory]
    [InlineData(JoinAuthorities.What)]
    [InlineData(ClusterAuthorities.What)]
    public void Authorities_that_were_dropped_are_noticed_also_where_an_earlier_Ebb_rotated_them(string what)
    {
        Up();
        Copy(_own, _other);
        Rotate(what);
        Write(SystemShare.KeyChanges, "?"u8.ToArray());

        Assert.Throws<EbbException>(() => Check(_other));
        Check(_own);
    }

    [Fact]
    public void Keys_that_were_copied_while_a_rotation_was_under_way_are_refused_once_it_is_through()
    {
        Up();
        var kind = RotationKind.Choose([JoinAuthorities.What]).Single();
        (KeyState.Read(_own.Home) with { Rotations = KeyState.NoRotations.Add(kind.What, new Rotation(_case.Time.GetUtcNow(), JoinAuthorities.Waiting)) }).Write(_own.Home);
        _own.Ensure();
        Up();
        Copy(_own, _other);
        Check(_other);

        Rotate(kind.What);

        Assert.Throws<EbbException>(() => Check(_other));
        Check(_own);
    }

    [Fact]
    public void A_rotation_that_has_not_reached_the_cluster_yet_keeps_nobody_away()
    {
        Up();
        Copy(_own, _other);
        var kind = RotationKind.Choose([JoinAuthorities.What]).Single();
        (KeyState.Read(_own.Home) with { Rotations = KeyState.NoRotations.Add(kind.What, new Rotation(_case.Time.GetUtcNow(), kind.Phases[0].Name)) }).Write(_own.Home);
        _own.Ensure();

        Check(_own);
        Check(_other);
    }

    public void Dispose()
    {
        _other.Dispose();
        _own.Dispose();
        _case.Dispose();
    }

    /// <summary>To its end, and what comes of it is put on the share.</summary>
    private void Rotate(string what)
    {
        _case.Do(() => new RotationRun(_own.Home, Work(), _case.Time, _ => { }).RunAsync(RotationKind.Choose([what]).Single(), CancellationToken.None));
        _own.Ensure();
        Up();
    }

    private static void Copy(KeysCase from, KeysCase to)
    {
        Directory.Delete(to.Home.Keys, recursive: true);
        foreach (var path in Directory.EnumerateFiles(from.Home.Keys, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to.Home.Keys, Path.GetRelativePath(from.Home.Keys, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }
    }

    private RotationWork Work() => new(CloudCase.File(), "", _own.Home, _case.Cloud, apply: null, _ => Task.FromResult<IReadOnlyList<NodeKeys>>([]));

    private void Up() => _case.Do(async () =>
    {
        var plan = await new ClusterPlanner(CloudCase.File(), _case.Cloud).PlanAsync(CloudCase.Inputs with { JoinAuthorityPem = _own.Keys.JoinAuthorityPem }, CancellationToken.None);
        await new ClusterUp(_case.Cloud, _case.Time, new Random(1), _case.Told.Add).ApplyAsync(plan, [.. _own.Keys.Shared()], CancellationToken.None);
    });

    private void Check(KeysCase kept) => _case.Do(() => ForeignKeys.RefuseAsync(CloudCase.File(), kept.Home, _case.Cloud, _case.Time, new Random(1), CancellationToken.None));

    private void Write(string path, byte[] content) => _case.Do(async () =>
    {
        var names = new ResourceNames(CloudCase.File(), _case.Cloud.Arm.Subscription);
        var access = await _case.Cloud.Accounts.AccessAsync("farm-storage", names.SystemAccount, CancellationToken.None);
        using var stream = new MemoryStream(content);
        await new Ebb.Clouds.Azure.Deployments.FileShare(access!, SystemShare.Name, _case.Cloud.Http, _case.Time, new Random(1)).WriteAsync(path, stream, CancellationToken.None);
    });
}
