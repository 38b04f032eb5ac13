using System.Net;
using System.Text.Json.Nodes;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>What changes in the cloud between a plan and what it does, above all while another deployment is waited for.</summary>
public sealed class ClusterUpMeanwhileTests : IDisposable
{
    private const string Active = """{"error":{"code":"DeploymentActive","message":"It runs."}}""";

    private static readonly string Changed = CloudCase.Starter.Replace("max: 10", "max: 20", StringComparison.Ordinal);

    private static readonly string Larger = CloudCase.Starter.Replace("Standard_D4s_v5", "Standard_D8s_v5", StringComparison.Ordinal);

    private readonly CloudCase _case = new();

    [Fact]
    public void A_pool_that_grows_while_another_deployment_is_waited_for_keeps_its_machines()
    {
        _case.Up();
        _case.Wire.Once(IsOrder, HttpStatusCode.Conflict, Active);
        _case.Wire.Before = GrowingOnce(IsOrder, 4);

        _case.Up(Changed);

        Assert.Contains(_case.Told.OfType<ProvisionEvent.Note>(), note => note.Text.Contains("waiting for its end", StringComparison.Ordinal));
        AssertPool(4, "Standard_D4s_v5", max: "20");
    }

    [Fact]
    public void A_pool_that_gets_another_size_and_grows_while_another_deployment_is_waited_for_keeps_its_machines()
    {
        _case.Up();
        _case.Wire.Once(IsOrder, HttpStatusCode.Conflict, Active);
        _case.Wire.Before = GrowingOnce(IsOrder, 4);

        _case.Up(Larger);

        AssertPool(4, "Standard_D8s_v5", max: "10");
        Assert.Empty(_case.Plan(Larger).Changes);
    }

    [Fact]
    public void A_pool_that_grows_after_its_deployment_was_ordered_keeps_its_machines()
    {
        _case.Up();
        var grow = GrowingOnce(IsOrder, 4);
        _case.Wire.After = (_, request) => grow(request);

        _case.Up(Changed);

        AssertPool(4, "Standard_D4s_v5", max: "20");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_list_of_resources_that_is_late_takes_no_machine_away(bool missing)
    {
        _case.Up();
        _case.Do(() => Task.Delay(TimeSpan.FromMinutes(5), _case.Time));
        var late = JsonNode.Parse(_case.Do(ListedAsync))!.AsObject();
        var pool = Assert.Single(late["value"]!.AsArray(), resource => (string?)resource!["name"] == "agents")!;
        if (missing)
        {
            late["value"]!.AsArray().Remove(pool);
        }

        Grow(4);
        _case.Wire.Answer("/resourceGroups/farm-compute/resources?", HttpStatusCode.OK, late.ToJsonString());

        _case.Up(Larger);

        AssertPool(4, "Standard_D8s_v5", max: "10");
    }

    [Fact]
    public void What_is_rendered_has_as_many_machines_as_the_scale_sets_have()
    {
        _case.Up();
        Grow(4);
        _case.Wire.Answer("/resourceGroups/farm-compute/resources?", HttpStatusCode.OK, """{"value":[]}""");

        var rendering = _case.Do(() => new ClusterPlanner(CloudCase.File(), _case.Cloud).RenderAsync(CloudCase.Inputs, CancellationToken.None));

        Assert.Equal(4, (int)rendering.ComputeParameters["capacities"]!["value"]!["agents"]!);
    }

    [Fact]
    public void A_machine_that_an_interrupted_run_makes_while_the_next_one_waits_is_no_obstacle_to_what_that_one_brings()
    {
        const string More = CloudCase.Starter + "\noptions: {packages: [htop]}\n";
        Interrupted(CloudCase.Starter);
        Assert.Null(_case.World.FindMachine("farm-compute", "farm-control-plane-0"));

        Assert.True(_case.Up(More).Succeeded);

        Assert.NotNull(_case.World.FindMachine("farm-compute", "farm-control-plane-0"));
        Assert.Empty(_case.Plan(More).Changes);
    }

    [Fact]
    public void A_pool_that_an_interrupted_run_still_makes_is_waited_for_and_then_made_anew_where_the_file_has_another_priority()
    {
        var regular = CloudCase.Starter.Replace("priority: spot", "priority: regular", StringComparison.Ordinal);
        Interrupted(CloudCase.Starter);
        Assert.Null(_case.World.Find("farm-compute", "agents"));
        var earlier = new EarlierDeployments(CloudCase.File(regular), _case.Cloud.Deployments, _case.Time);
        Assert.True(_case.Do(() => earlier.AnyAsync(CancellationToken.None)));

        _case.Do(() => earlier.AwaitAsync(_case.Told.Add, CancellationToken.None));

        Assert.False(_case.Do(() => earlier.AnyAsync(CancellationToken.None)));
        Assert.Contains(_case.Plan(regular).Changes, change => change is { MakesPoolAnew: true, Name: "agents" });
        Assert.True(_case.Up(regular).Succeeded);
        Assert.Equal(Priority.Regular, _case.World.Find("farm-compute", "agents")!.Priority);
    }

    public void Dispose() => _case.Dispose();

    private static bool IsOrder(string call) =>
        call.StartsWith("PUT ", StringComparison.Ordinal) && call.Contains("/deployments/ebb-compute?", StringComparison.Ordinal);

    /// <summary>Ends as soon as the deployment of machines is ordered, as Ctrl-C does.</summary>
    private void Interrupted(string yaml)
    {
        using var stop = new CancellationTokenSource();
        _case.Wire.After = (_, request) =>
        {
            if (IsOrder(Wire.Name(request)))
            {
                stop.Cancel();
            }
        };
        Assert.ThrowsAny<OperationCanceledException>(() => _case.UpUntil(yaml, stop.Token));
        _case.Wire.After = null;
    }

    private Action<HttpRequestMessage> GrowingOnce(Func<string, bool> at, int capacity)
    {
        var done = false;
        return request =>
        {
            if (!done && at(Wire.Name(request)))
            {
                done = true;
                Assert.True(_case.World.SetCapacity("farm-compute", "agents", capacity).Ok);
            }
        };
    }

    private void Grow(int capacity)
    {
        Assert.True(_case.World.SetCapacity("farm-compute", "agents", capacity).Ok);
        _case.Do(() => Task.Delay(TimeSpan.FromMinutes(5), _case.Time));
    }

    private async Task<string> ListedAsync()
    {
        using var http = _case.Aside();
        var group = $"https://arm.sandbox/subscriptions/{_case.Cloud.Arm.Subscription}/resourceGroups/farm-compute";
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{group}/resources?api-version=2021-04-01&$expand=provisioningState"));
        using var response = await http.SendAsync(request, CancellationToken.None);
        return await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }

    private void AssertPool(int machines, string size, string max)
    {
        var pool = _case.World.Find("farm-compute", "agents")!;
        Assert.Equal((machines, size, max), (pool.Capacity, pool.Spec.Size, pool.Tags["ebb-max"]));
        Assert.Equal(machines, pool.Instances.Values.Count(instance => instance.Counts));
    }
}
