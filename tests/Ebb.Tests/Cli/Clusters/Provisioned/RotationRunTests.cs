using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Provisioning;
using Ebb.Clouds;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Joining;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>Rotations from their beginning to their end, against the sandbox's Azure in this process: also cut short wherever they can be.</summary>
[Trait("Suite", "sim")]
public sealed partial class RotationRunTests : IDisposable
{
    // Short, since it takes time to find long ones.
    private static readonly Lazy<string> Ssh = new(() =>
    {
        using var key = RSA.Create(1024);
        return key.ExportRSAPrivateKeyPem();
    });

    private readonly CloudCase _case = new();
    private readonly KeysCase _kept;
    private readonly ClusterHome _home;
    private readonly Dictionary<string, NodeKeys> _joined = new(StringComparer.OrdinalIgnoreCase);

    public RotationRunTests()
    {
        _kept = new KeysCase(_case.Time);
        _home = _kept.Home;
        File.WriteAllText(Path.Combine(_home.Keys, "ssh"), Ssh.Value);
        Apply();
        JoinAll();
    }

    public static TheoryData<string> Whats => [.. RotationKind.All.Select(kind => kind.What)];

    [Theory]
    [MemberData(nameof(Whats))]
    public void What_is_held_up_goes_on_once_the_machines_are_new(string what)
    {
        var first = Run(what);
        var again = Run(what);
        Renew();
        var last = Run(what);

        Assert.Equal(what is not (ClusterKeys.Certificates or RotationKind.Passwords), !first.HeldBy.IsEmpty);
        Assert.Equal(first.HeldBy.IsEmpty, again.HeldBy.IsEmpty);
        Assert.Empty(last.HeldBy);
        Assert.Empty(KeyState.Read(_home).Rotations);
    }

    [Theory]
    [MemberData(nameof(Whats))]
    public void Cut_short_after_any_phase_it_carries_on_and_ends_the_same(string what)
    {
        var kind = RotationKind.Choose([what])[0];
        Renewed(() => Run(what));
        var phases = 0;
        while (true)
        {
            var stop = phases++;
            var work = new CutShort(Work(), stop);
            try
            {
                Renewed(() => Run(kind, work));
                Assert.True(work.Ran < stop);
                return;
            }
            catch (IOException)
            {
                // The power went after this phase and before it was noted.
            }

            Assert.Equal(kind.Phases[Math.Min(stop, kind.Phases.Length - 1)].Name, KeyState.Read(_home).PhaseOf(what));
            Renewed(() => Run(what));
            Assert.Empty(KeyState.Read(_home).Rotations);
            Apply();
        }
    }

    [Theory]
    [MemberData(nameof(Whats))]
    public void Begun_and_no_more_it_is_carried_out_also_by_up(string what)
    {
        var kind = RotationKind.Choose([what])[0];
        (KeyState.Read(_home) with { Rotations = KeyState.NoRotations.Add(what, new Rotation(_case.Time.GetUtcNow(), kind.Phases[0].Name)) }).WithK3s(what).Write(_home);

        Apply();
        Renewed(() => Run(what));

        Assert.Empty(KeyState.Read(_home).Rotations);
    }

    [Fact]
    public void The_old_keys_of_both_accounts_open_nothing_afterwards()
    {
        var names = new ResourceNames(CloudCase.File(), _case.Cloud.Arm.Subscription);
        var shares = Keys(names.StorageAccount);
        var system = Keys(names.SystemAccount);

        Run(RotationKind.Storage);
        var meanwhile = Keys(names.StorageAccount);
        Renew();
        Run(RotationKind.Storage);

        Assert.Equal(shares[0], meanwhile[0]);
        Assert.NotEqual(shares[1], meanwhile[1]);
        Assert.Empty(shares.Intersect(Keys(names.StorageAccount)));
        Assert.Empty(system.Intersect(Keys(names.SystemAccount)));
        Assert.Equal("key2", KeyState.Read(_home).SharesKey);
        Assert.Equal(meanwhile[1], Keys(names.StorageAccount)[1]);
    }

    [Fact]
    public void A_request_signed_with_an_old_key_is_refused_and_one_with_the_key_in_force_never()
    {
        var names = new ResourceNames(CloudCase.File(), _case.Cloud.Arm.Subscription);
        var old = _case.Do(() => _case.Cloud.Accounts.AccessAsync("farm-storage", names.SystemAccount, CancellationToken.None))!;

        Run(RotationKind.Storage);
        Assert.NotNull(Read(old));
        Renew();
        Run(RotationKind.Storage);

        Assert.Equal(HttpStatusCode.Forbidden, Assert.Throws<CloudException>(() => Read(old)).Status);
        Assert.NotNull(Read(_case.Do(() => _case.Cloud.Accounts.AccessAsync("farm-storage", names.SystemAccount, CancellationToken.None))!));

        byte[]? Read(StorageAccess access) => _case.Do(() => new Ebb.Clouds.Azure.Deployments.FileShare(access, SystemShare.Name, _case.Cloud.Http, _case.Time, new Random(1))
            .ReadAsync(SystemShare.JoinAuthority, 1 << 16, CancellationToken.None));
    }

    [Fact]
    public void K3s_is_told_to_take_authorities_up_to_sign_with_them_and_once_nobody_needs_the_old_ones_to_take_up_the_new_ones_alone()
    {
        var names = new ResourceNames(CloudCase.File(), _case.Cloud.Arm.Subscription);
        List<string> told = [];

        Run(RotationKind.Choose([ClusterAuthorities.What])[0], new Told(Work(), Tell));
        Renew();
        Run(RotationKind.Choose([ClusterAuthorities.What])[0], new Told(Work(), Tell));

        Assert.Equal(["offer: certificate rotate-ca", "sign: certificate rotate", "wait: certificate rotate", "wait: certificate rotate", "drop: certificate rotate-ca"], told);

        void Tell(string phase) => told.Add($"{phase}: {string.Join(' ', K3sRotations.Of(KeyState.Read(_home), names)!.Commands[0].Skip(1).Take(2))}");
    }

    [Fact]
    public void Machines_that_run_keep_in_Azure_s_books_the_SSH_key_that_they_were_made_with_and_nothing_is_refused()
    {
        var old = SshKeys.Public(null, _home)[0];

        Run(RotationKind.Ssh);

        var login = _case.Do(() => _case.Cloud.Machines.FindAsync("farm-compute", "farm-control-plane-0", CancellationToken.None))!.Model["properties"]!["osProfile"]!["linuxConfiguration"]!.ToJsonString();
        Assert.Contains(old.Split(' ')[1][..80], System.Text.RegularExpressions.Regex.Unescape(login), StringComparison.Ordinal);
        Assert.NotEqual(old, SshKeys.Public(null, _home)[0]);
        Assert.False(_case.Plan().Changes.Any(change => change.Type.EndsWith("virtualMachines", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(RotationKind.Ssh)]
    [InlineData(JoinAuthorities.What)]
    public void A_machine_that_was_upgraded_and_not_reimaged_after_it_is_waited_for_as_one_that_knows_the_old(string what)
    {
        Assert.NotEmpty(Run(what).HeldBy);
        _case.World.Upgrade("farm-compute", "agents", null);
        _case.Do(() => Task.Delay(TimeSpan.FromMinutes(5), _case.Time));
        JoinAll();
        foreach (var node in _joined.Values.ToList())
        {
            _joined[node.Name] = node with { OldDisk = true };
        }

        var held = Run(what).HeldBy;
        JoinAll();

        Assert.NotEmpty(held);
        Assert.All(held, why => Assert.Contains("was made before: 'ebb reimage", why, StringComparison.Ordinal));
        Assert.Empty(Run(what).HeldBy);
    }

    [Fact]
    public void Where_there_are_no_machines_nothing_is_waited_for()
    {
        _case.Down(DownScope.Machines);
        foreach (var kind in RotationKind.All)
        {
            Assert.Empty(Run(kind, new RotationWork(CloudCase.File(), "", _home, _case.Cloud, apply: null, NodesAsync)).HeldBy);
        }

        Assert.Equal((2, 2, "key2"), (KeyState.Read(_home).JoinAuthority, KeyState.Read(_home).Authorities, KeyState.Read(_home).SharesKey));
        foreach (var kind in RotationKind.All)
        {
            Assert.Empty(Run(kind, new RotationWork(CloudCase.File(), "", _home, _case.Cloud, apply: null, NodesAsync)).HeldBy);
        }

        Apply();
    }

    public void Dispose()
    {
        _case.Dispose();
        _kept.Dispose();
    }

    private RotationOutcome Run(string what) => Run(RotationKind.Choose([what])[0], Work());

    private RotationOutcome Run(RotationKind kind, IRotationWork work) =>
        _case.Do(() => new RotationRun(_home, work, _case.Time, _ => { }).RunAsync(kind, CancellationToken.None));

    /// <summary>Goes on when machines are new, as their owner sees to it.</summary>
    private void Renewed(Func<RotationOutcome> run)
    {
        if (!run().HeldBy.IsEmpty)
        {
            Renew();
            Assert.Empty(run().HeldBy);
        }
    }

    private RotationWork Work() => new(CloudCase.File(), "", _home, _case.Cloud, ApplyAsync, NodesAsync);

    private void Apply() => _case.Do(() => ApplyAsync(CancellationToken.None));

    private async Task ApplyAsync(CancellationToken ct)
    {
        var file = CloudCase.File();
        await ForeignKeys.RefuseAsync(file, _home, _case.Cloud, _case.Time, new Random(1), ct);
        _kept.Ensure();
        var inputs = CloudCase.Inputs with
        {
            JoinAuthorityPem = _kept.Keys.JoinAuthorityPem,
            SshPublicKeys = [.. SshKeys.Public(null, _home)],
            SharesKey = KeyState.Read(_home).SharesKey,
            StagesAuthorities = KeyState.Read(_home).StagesAuthorities,
        };
        var plan = await new ClusterPlanner(file, _case.Cloud).PlanAsync(inputs, ct);
        plan.RequirePossible();
        await new ClusterUp(_case.Cloud, _case.Time, new Random(1), _ => { }).ApplyAsync(plan, [.. _kept.Keys.Shared()], ct);
    }

    private Task<IReadOnlyList<NodeKeys>> NodesAsync(CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<NodeKeys>>([.. _joined.Values]);

    private void Renew()
    {
        _case.World.Upgrade("farm-compute", "agents", null);
        _case.World.Reimage("farm-compute", "agents", null);
        _case.Do(() => Task.Delay(TimeSpan.FromMinutes(5), _case.Time));
        JoinAll();
    }

    private void JoinAll()
    {
        var names = new ResourceNames(CloudCase.File(), _case.Cloud.Arm.Subscription);
        var inForce = KeyState.Read(_home).SharesKey;
        var keys = _case.Do(() => _case.Cloud.Accounts.KeysAsync("farm-storage", names.StorageAccount, CancellationToken.None))!.Value;
        foreach (var machine in _case.Do(() => _case.Cloud.ScaleSets.MachinesAsync("farm-compute", "agents", CancellationToken.None)))
        {
            _joined[machine.HostName] = new(machine.HostName, Mount.MarkOf([keys.Single(key => key.Name == inForce).Value]), AuthorityMark.Of(_kept.Keys.ServerAuthorityPem));
        }
    }

    private string[] Keys(string account) =>
        [.. _case.Do(() => _case.Cloud.Accounts.KeysAsync("farm-storage", account, CancellationToken.None))!.Value.Select(key => key.Value)];

    /// <summary>Does what it is told, and ends after so many phases as a process ends: before that is noted.</summary>
    private sealed class CutShort(IRotationWork work, int after) : IRotationWork
    {
        public int Ran { get; private set; } = -1;

        public async Task<ImmutableArray<string>> CarryOutAsync(string what, string phase, CancellationToken ct)
        {
            var held = await work.CarryOutAsync(what, phase, ct);
            if (held.IsEmpty && ++Ran == after)
            {
                throw new IOException("cut short");
            }

            return held;
        }
    }

    /// <summary>Says each phase that it carries out.</summary>
    private sealed class Told(IRotationWork work, Action<string> tell) : IRotationWork
    {
        public Task<ImmutableArray<string>> CarryOutAsync(string what, string phase, CancellationToken ct)
        {
            tell(phase);
            return work.CarryOutAsync(what, phase, ct);
        }
    }
}
