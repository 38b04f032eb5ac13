using System.Collections.Immutable;
using Ebb.Sandbox;
using Ebb.Sandbox.Cloud;
using Ebb.Simulation;

namespace Ebb.Tests.Sandbox.Cloud;

/// <summary>A cloud on a virtual clock with one resource group.</summary>
internal sealed class Lab : IDisposable
{
    public const string Group = "farm";
    public const string Set = "agents";

    public Lab(CloudOptions? options = null)
    {
        Agenda = new Agenda(Time);
        World = new CloudWorld(Agenda, options ?? new CloudOptions());
        World.InstanceChanged += Changes.Add;
        Assert.True(World.PutResourceGroup(Group, "eastus", null).Ok);
    }

    public VirtualTime Time { get; } = new();

    public Agenda Agenda { get; }

    public CloudWorld World { get; }

    public List<InstanceChange> Changes { get; } = [];

    public ScaleSet Current => World.Find(Group, Set)!;

    public ImmutableArray<string> Ids => [.. Current.Instances.Values.Where(i => i.Counts).Select(i => i.Id)];

    public static ScaleSetSpec Spec(int capacity = 0) => new() { Size = "Standard_D2s_v3", Capacity = capacity };

    public Outcome<ScaleSet> Put(ScaleSetSpec spec) => World.CreateOrUpdateScaleSet(Group, Set, spec.ToModel("eastus"));

    /// <summary>Creates the set and lets all its machines boot.</summary>
    public void Have(ScaleSetSpec spec)
    {
        var outcome = Put(spec);
        Assert.True(outcome.Ok, outcome.Error?.Message);
        Pass(minutes: 3);
    }

    public void Pass(double minutes) => Time.Advance(TimeSpan.FromMinutes(minutes));

    public Operation Operation<T>(Outcome<T> outcome) => World.GetOperation(outcome.Operation!.Id).Value!;

    public IEnumerable<InstanceEvent> EventsOf(int number) =>
        Changes.Where(c => c.Instance.Number == number).Select(c => c.Event);

    public void Dispose() => Agenda.Dispose();
}
