using Ebb.Cli.Clusters.Provisioned;
using Ebb.Clouds;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>Somebody watches from a second terminal what is deployed of a cluster; on virtual time.</summary>
public sealed class DeploymentWatchTests : IDisposable
{
    private readonly CloudCase _case = new();
    private readonly List<ProvisionEvent> _seen = [];
    private bool _there = true;
    private bool _held;
    private bool _answers;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Both_deployments_are_followed_however_long_nothing_runs_between_them(bool onThisMachine)
    {
        _there = false;
        _held = onThisMachine;

        Watch(async () =>
        {
            await PassAsync(seconds: 5);
            _there = true;
            await UpAsync(between: TimeSpan.FromMinutes(4));
            await PassAsync(seconds: onThisMachine ? 90 : 5);
            _answers = true;
        });

        Assert.Equal(["storage", "compute"], Began);
        Assert.Equal(["storage", "compute"], Ended);
        Assert.Contains(_seen.OfType<ProvisionEvent.Progress>().Last().Resources, r => r is { Name: "agents", State: "Succeeded" });
        Assert.Contains(_seen.OfType<ProvisionEvent.Note>(), note => note.Text.StartsWith("The storage is there", StringComparison.Ordinal));
        Assert.Equal("Waiting for Kubernetes to answer ...", _seen.OfType<ProvisionEvent.Note>().Last().Text);
    }

    [Fact]
    public void One_that_runs_already_is_followed_and_one_that_had_ended_is_not()
    {
        _held = true;
        using var stop = new CancellationTokenSource();
        _case.Wire.After = (_, request) =>
        {
            if (request.Method == HttpMethod.Put && request.RequestUri!.AbsolutePath.EndsWith("/ebb-compute", StringComparison.Ordinal))
            {
                stop.Cancel();
            }
        };
        Assert.ThrowsAny<OperationCanceledException>(() => _case.UpUntil(CloudCase.Starter, stop.Token));

        Watch(async () =>
        {
            await _case.UpAsync(CloudCase.Starter, CancellationToken.None);
            _answers = true;
        });

        Assert.Equal(["compute"], Ended);
    }

    [Fact]
    public void A_cluster_that_answers_is_not_waited_for()
    {
        _case.Up();
        _answers = true;

        Watch();

        Assert.Empty(_seen);
    }

    [Fact]
    public void While_an_up_is_between_its_deployments_a_cluster_that_answers_is_not_yet_what_is_looked_at()
    {
        _held = true;

        Watch(async () =>
        {
            var up = UpAsync(between: TimeSpan.FromMinutes(1));
            while (!Began.Any())
            {
                await PassAsync(seconds: 1);
            }

            _answers = true;
            await up;
        });

        Assert.Equal(["storage", "compute"], Ended);
    }

    [Fact]
    public void Where_only_storage_was_to_be_deployed_the_cluster_is_looked_at_while_its_command_goes_on()
    {
        _held = true;
        var ended = TimeSpan.Zero;
        var began = _case.Time.GetUtcNow();

        var took = Watch(async () =>
        {
            await ApplyStorageAsync(await PlanAsync());
            _answers = true;
            ended = _case.Time.GetUtcNow() - began;
            await PassAsync(seconds: 3600);
            _held = false;
        });

        Assert.Equal(["storage"], Ended);
        Assert.InRange(took - ended, TimeSpan.Zero, TimeSpan.FromMinutes(5));
    }

    [Fact]
    public void A_deployment_that_fails_ends_it_with_what_failed()
    {
        _held = true;
        FailAgents();

        var e = Assert.Throws<CloudException>(() => Watch(() => Assert.ThrowsAsync<CloudException>(() => UpAsync(TimeSpan.Zero))));

        Assert.Contains("Microsoft.Compute/virtualMachineScaleSets 'agents': AllocationFailed: There is no room.", e.Message, StringComparison.Ordinal);
        Assert.Contains("up' again to carry on", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_failed_before_is_told_when_nobody_carries_it_on_and_forgotten_when_somebody_does()
    {
        FailAgents();
        Assert.Throws<CloudException>(() => _case.Up());

        Assert.Contains("AllocationFailed", Assert.Throws<CloudException>(() => Watch()).Message, StringComparison.Ordinal);

        _held = true;
        Watch(async () =>
        {
            await PassAsync(seconds: 60);
            await _case.UpAsync(CloudCase.Starter, CancellationToken.None);
            _answers = true;
        });
        Assert.Equal(["compute"], Ended);
    }

    [Fact]
    public void Where_nothing_is_and_nobody_is_at_work_it_ends_after_a_moment()
    {
        _there = false;

        var took = Watch();

        Assert.InRange(took, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15));
        Assert.Contains("waiting 10 s for an 'ebb up' to begin", Assert.Single(_seen.OfType<ProvisionEvent.Note>()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Storage_alone_is_followed_and_then_nothing_is_waited_for_once_its_command_has_ended()
    {
        _held = true;
        var ended = TimeSpan.Zero;
        var began = _case.Time.GetUtcNow();

        var took = Watch(async () =>
        {
            await ApplyStorageAsync(await PlanAsync());
            await PassAsync(seconds: 30);
            _held = false;
            ended = _case.Time.GetUtcNow() - began;
        });

        Assert.Equal(["storage"], Ended);
        Assert.InRange(took - ended, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15));
    }

    public void Dispose() => _case.Dispose();

    private IEnumerable<string> Began => _seen.OfType<ProvisionEvent.Began>().Select(e => e.Step);

    private IEnumerable<string> Ended => _seen.OfType<ProvisionEvent.Ended>().Select(e => e.Step);

    /// <returns>How long it was watched.</returns>
    private TimeSpan Watch(Func<Task>? meanwhile = null)
    {
        var began = _case.Time.GetUtcNow();
        return _case.Do(async () =>
        {
            var watching = WatchAsync();
            await (meanwhile?.Invoke() ?? Task.CompletedTask);
            return await watching;
        });

        async Task<TimeSpan> WatchAsync()
        {
            await new DeploymentWatch(
                CloudCase.File(),
                _ => Task.FromResult<TemplateDeployments?>(_there ? _case.Cloud.Deployments : null),
                () => _held,
                _ => Task.FromResult(_answers),
                _case.Time,
                _seen.Add).RunAsync(CancellationToken.None);
            return _case.Time.GetUtcNow() - began;
        }
    }

    private async Task UpAsync(TimeSpan between)
    {
        var plan = await PlanAsync();
        await ApplyStorageAsync(plan);
        await Task.Delay(between, _case.Time);
        await _case.UpAsync(CloudCase.Starter, CancellationToken.None);
    }

    private Task<ClusterPlan> PlanAsync() => new ClusterPlanner(CloudCase.File(), _case.Cloud).PlanAsync(CloudCase.Inputs, CancellationToken.None);

    private Task ApplyStorageAsync(ClusterPlan plan) =>
        new ClusterUp(_case.Cloud, _case.Time, new Random(1), _case.Told.Add).ApplyStorageAsync(plan, CloudCase.Files, CancellationToken.None);

    private Task PassAsync(int seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), _case.Time);

    private void FailAgents() => _case.World.Faults.Add(
        new Fault { Kind = FaultKind.FailOperation, On = CallKind.PutScaleSet, Count = 1, Code = "AllocationFailed", Message = "There is no room." });
}
