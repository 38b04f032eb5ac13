using System.Collections.Immutable;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Pki;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Cli.ControlPlane;

public sealed class TakingUpTests : IDisposable
{
    private readonly PkiLab _lab = new();
    private readonly List<string> _restarted = [];
    private readonly HashSet<string> _ill = [];
    private readonly TakingUp _takingUp;

    public TakingUpTests()
    {
        _lab.Ensure();
        var etcd = ImmutableArray.Create(_lab.Files.Certificate("etcd/peer"), _lab.Files.Key("etcd/peer"));
        _takingUp = new TakingUp(
            [
                ("etcd-1", etcd), ("etcd-2", etcd), ("kube-apiserver", [_lab.Files.Certificate("apiserver"), _lab.Files.Key("apiserver")]),
                ("kube-scheduler", [_lab.Files.Kubeconfig("scheduler")]),
            ],
            _lab.Files,
            new TakingUpActions(() => _lab.Ensure(), RestartAsync, name => !_ill.Contains(name)),
            _lab.Time,
            NullLogger<TakingUp>.Instance);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _lab.Dispose();

    [Fact]
    public async Task What_did_not_change_is_not_restarted()
    {
        await _takingUp.LookAsync(Ct);
        await _takingUp.LookAsync(Ct);

        Assert.Empty(_restarted);
        Assert.Equal(PkiFingerprint.Of(_lab.Files), SecretFile.Read(_lab.Files.TakenUp));
    }

    [Fact]
    public async Task Those_that_read_a_renewed_file_are_restarted_once_and_in_order()
    {
        await _takingUp.LookAsync(Ct);
        Renewal.Renew(_lab.Files, ["scheduler.conf", "etcd/peer"], _lab.Time);
        Assert.NotEqual(PkiFingerprint.Of(_lab.Files), SecretFile.Read(_lab.Files.TakenUp));

        await _takingUp.LookAsync(Ct);
        await _takingUp.LookAsync(Ct);

        Assert.Equal(["etcd-1", "etcd-2", "kube-scheduler"], _restarted);
        Assert.Equal(PkiFingerprint.Of(_lab.Files), SecretFile.Read(_lab.Files.TakenUp));
    }

    [Fact]
    public async Task While_one_does_not_come_back_the_next_is_left_running()
    {
        await _takingUp.LookAsync(Ct);
        Renewal.Renew(_lab.Files, ["etcd/peer"], _lab.Time);
        _ill.Add("etcd-1");

        await _takingUp.LookAsync(Ct);
        await _takingUp.LookAsync(Ct);
        Assert.Equal(["etcd-1"], _restarted);

        _ill.Clear();
        await _takingUp.LookAsync(Ct);
        Assert.Equal(["etcd-1", "etcd-2"], _restarted);
    }

    [Fact]
    public async Task Nothing_is_taken_up_while_a_renewal_is_at_work()
    {
        await _takingUp.LookAsync(Ct);
        Renewal.Renew(_lab.Files, ["apiserver"], _lab.Time);

        using (_lab.Files.TakeLock())
        {
            await _takingUp.LookAsync(Ct);
        }

        Assert.Empty(_restarted);
        await _takingUp.LookAsync(Ct);
        Assert.Equal(["kube-apiserver"], _restarted);
    }

    [Fact]
    public async Task A_renewal_that_was_cut_short_is_finished_before_anyone_reads_it()
    {
        await _takingUp.LookAsync(Ct);
        File.Copy(_lab.Files.Key("etcd/server"), _lab.Files.Key("apiserver"), overwrite: true);

        await _takingUp.LookAsync(Ct);

        Assert.Equal(["kube-apiserver"], _restarted);
        Assert.Empty(_lab.Ensure());
    }

    [Fact]
    public async Task With_files_that_a_person_must_look_at_nothing_is_restarted()
    {
        await _takingUp.LookAsync(Ct);
        Renewal.Renew(_lab.Files, ["apiserver"], _lab.Time);
        await File.WriteAllTextAsync(_lab.Files.Certificate("ca"), "nonsense", Ct);

        await _takingUp.LookAsync(Ct);

        Assert.Empty(_restarted);
    }

    [Fact]
    public async Task Certificates_near_their_end_are_renewed_in_time()
    {
        await _takingUp.LookAsync(Ct);
        _lab.Time.Advance(TimeSpan.FromDays(250));

        await _takingUp.LookAsync(Ct);

        Assert.Equal(["etcd-1", "etcd-2", "kube-apiserver", "kube-scheduler"], _restarted);
        Assert.DoesNotContain(PkiInventory.Read(_lab.Files, _lab.Time), entry => entry.Condition is not PkiCondition.Valid);
    }

    private Task RestartAsync(string name, CancellationToken ct)
    {
        _restarted.Add(name);
        return _ill.Contains(name) ? Task.FromException(new TimeoutException()) : Task.CompletedTask;
    }
}
