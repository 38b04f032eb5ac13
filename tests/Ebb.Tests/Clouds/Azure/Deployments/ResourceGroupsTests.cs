using Ebb.Clouds.Azure;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Sandbox;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Simulation;

namespace Ebb.Tests.Clouds.Azure.Deployments;

/// <summary>Against the sandbox's resource manager, on virtual time.</summary>
public sealed class ResourceGroupsTests : IDisposable
{
    private static readonly Dictionary<string, string> Tags = new() { ["ebb-cluster"] = "farm" };

    private readonly Runner _runner = new(new VirtualTime());
    private readonly AzureFace _face;
    private readonly ResourceGroups _groups;

    public ResourceGroupsTests()
    {
        var world = new CloudWorld(new Agenda(_runner.Time), new CloudOptions());
        _face = new AzureFace(world, new AzureFaceOptions { Authenticate = false });
        _groups = new ResourceGroups(new ArmConnection(
            new Uri("https://arm.sandbox/"),
            world.Options.SubscriptionId,
            new HttpMessageInvoker(new InProcessHandler(_face)),
            _ => ValueTask.FromResult(new AccessToken("t", DateTimeOffset.MaxValue)),
            _runner.Time,
            new Random(1)));
    }

    private CloudWorld World => _face.World;

    [Fact]
    public void A_group_that_is_not_there_is_null_and_one_that_is_made_is_found()
    {
        Assert.Null(Do(() => _groups.FindAsync("farm", CancellationToken.None)));

        Assert.Null(Do(() => _groups.PutAsync("farm", "eastus", Tags, CancellationToken.None)));

        var found = Do(() => _groups.FindAsync("farm", CancellationToken.None));
        Assert.Equal("eastus", found!.Location);
        Assert.Equal("farm", found.Tags["EBB-CLUSTER"]);
    }

    [Fact]
    public void A_group_in_another_region_is_a_refusal_that_says_so()
    {
        World.PutResourceGroup("farm", "eastus", null);

        var fault = Do(() => _groups.PutAsync("farm", "westeurope", Tags, CancellationToken.None));

        Assert.Equal("InvalidResourceGroupLocation", fault!.Code);
    }

    [Theory]
    [InlineData(FaultKind.TimeoutDone)]
    [InlineData(FaultKind.TimeoutNotDone)]
    [InlineData(FaultKind.Throttle)]
    [InlineData(FaultKind.Error)]
    public void A_group_is_made_whatever_becomes_of_the_first_answers(FaultKind kind)
    {
        World.Faults.Add(new Fault { Kind = kind, On = CallKind.PutGroup, Count = 2 });

        Assert.Null(Do(() => _groups.PutAsync("farm", "eastus", Tags, CancellationToken.None)));

        Assert.True(World.GroupExists("farm"));
    }

    [Fact]
    public void A_group_is_deleted_with_all_that_is_in_it_and_twice_is_once()
    {
        World.PutResourceGroup("farm", "eastus", null);

        Assert.Null(Do(() => _groups.DeleteAsync("farm", CancellationToken.None)));
        Assert.Null(Do(() => _groups.DeleteAsync("farm", CancellationToken.None)));
        Assert.True(Do(() => _groups.WaitUntilGoneAsync("farm", _ => { }, CancellationToken.None)));

        Assert.False(World.GroupExists("farm"));
        Assert.Null(Do(() => _groups.DeleteAsync("farm", CancellationToken.None)));
        Assert.Empty(Do(() => _groups.ListAsync("farm", CancellationToken.None)));
    }

    public void Dispose() => _face.Dispose();

    private T Do<T>(Func<Task<T>> what) => _runner.Complete(what, TimeSpan.FromHours(1));
}
