using System.Net;
using Ebb.Agent;
using Ebb.Agent.Distributions;
using Ebb.Joining;
using Ebb.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Agent;

/// <summary>What a machine does with its shares before it becomes a node, on virtual time.</summary>
public sealed class ChosenDistributionTests : IDisposable
{
    private static readonly JoinAnswer Granted = MachineLab.Granted() with
    {
        Mounts = [new Mount { Kind = "nfs", Host = "10.1.0.9", Share = "data", At = "/data" }],
    };

    private readonly MachineLab _lab = new();
    private readonly Runner _runner = new(new VirtualTime());

    [Fact]
    public void A_share_that_is_away_for_a_while_is_waited_for_and_nothing_starts_before()
    {
        var mount = MountFails();
        _lab.Answers["/usr/local/bin/kubelet --version"] = new CommandResult(0, "Kubernetes v1.31.5\n");
        _runner.Start(async () =>
        {
            await Task.Delay(TimeSpan.FromSeconds(90), _runner.Time);
            Assert.All(_lab.Lines, line => Assert.Equal(mount, line));
            _lab.Answers.Remove(mount);
        });

        Start();

        Assert.InRange(_lab.Lines.Count(line => line == mount), 4, 12);
        Assert.Contains(_lab.Lines, line => line.Contains("kubelet", StringComparison.Ordinal));
    }

    [Fact]
    public void One_that_does_not_come_back_ends_the_attempt_for_another_grant()
    {
        var mount = MountFails();

        var e = Assert.Throws<CommandException>(() => Start());

        Assert.Contains("no route", e.Message, StringComparison.Ordinal);
        Assert.All(_lab.Lines, line => Assert.Equal(mount, line));
    }

    [Fact]
    public void A_machine_that_has_no_Tailscale_is_a_node_all_the_same()
    {
        const string Up = "tailscale up --auth-key=file:/run/ebb/tailscale.key --hostname=agents000000";
        _lab.Answers["/usr/local/bin/kubelet --version"] = new CommandResult(0, "Kubernetes v1.31.5\n");
        _lab.Answers[Up] = new CommandResult(127, "No such file or directory");

        Start(MachineLab.Granted() with { TailscaleKey = "tskey-1" });

        Assert.Contains(Up, _lab.Lines);
        Assert.Contains(_lab.Lines, line => line.EndsWith("kubelet.service", StringComparison.Ordinal));
        Assert.DoesNotContain("/run/ebb/tailscale.key", _lab.Files());
    }

    [Fact]
    public void A_machine_is_a_node_by_the_certificate_of_what_it_was_granted_whatever_it_was_told_at_its_birth()
    {
        _lab.Answers["/usr/local/bin/kubelet --version"] = new CommandResult(0, "Kubernetes v1.31.5\n");

        var distribution = Start();
        var before = distribution.WasNode;
        _lab.Put("/var/lib/kubelet/pki/kubelet-client-current.pem");

        Assert.Equal((false, true), (before, distribution.WasNode));
    }

    public void Dispose() => _lab.Dispose();

    private ChosenDistribution Start() => Start(Granted);

    private ChosenDistribution Start(JoinAnswer granted)
    {
        var distribution = new ChosenDistribution(
            _lab.Machine,
            new AgentConfiguration { Servers = ["https://10.1.0.10:1337"], Authority = "sha256:" + new string('0', 64) },
            _ => Task.FromResult(IPAddress.Loopback),
            _runner.Time,
            new Random(1),
            NullLogger.Instance);
        _runner.Complete(() => distribution.StartAsync(granted, TestContext.Current.CancellationToken), TimeSpan.FromHours(1));
        return distribution;
    }

    /// <returns>The command line.</returns>
    private string MountFails()
    {
        _runner.Complete(() => new Mounts(_lab.Machine).MountAsync(Granted.Mounts, TestContext.Current.CancellationToken), TimeSpan.FromMinutes(1));
        var line = Assert.Single(_lab.Lines);
        _lab.Ran.Clear();
        _lab.Answers[line] = new CommandResult(32, "mount: no route to host");
        return line;
    }
}
