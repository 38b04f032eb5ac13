using Ebb.Agent;

namespace Ebb.Tests.Agent;

public sealed class ShutdownTests : IDisposable
{
    private readonly MachineLab _lab = new();

    [Theory]
    [InlineData("130 reboot.target start waiting\n131 kubelet.service stop waiting\n129 shutdown.target start waiting", "reboot")]
    [InlineData("130 kexec.target start waiting\n129 shutdown.target start waiting", "reboot")]
    [InlineData("130 poweroff.target start waiting\n129 shutdown.target start waiting", "shutdown")]
    [InlineData("130 halt.target start waiting\n129 shutdown.target start waiting", "shutdown")]
    [InlineData("130 ebb-agent.service restart running", null)]
    [InlineData("", null)]
    public async Task The_jobs_of_the_system_say_why_the_agent_is_stopped(string jobs, string? reason)
    {
        _lab.Answers["systemctl list-jobs --plain --no-legend"] = new CommandResult(0, jobs);

        Assert.Equal(reason, await new Shutdown(_lab.Machine).ReasonAsync(TestContext.Current.CancellationToken));
    }

    public void Dispose() => _lab.Dispose();
}
