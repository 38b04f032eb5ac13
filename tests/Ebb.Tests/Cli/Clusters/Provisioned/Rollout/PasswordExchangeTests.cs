using System.Text.Json.Nodes;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Tests.Cli.Clusters.Provisioned.Hardware;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Rollout;

/// <summary>One machine of a control plane of three exchanges the passwords for all, and it may be lost before it has.</summary>
[Trait("Suite", "sim")]
public sealed class PasswordExchangeTests : IDisposable
{
    private const string Three = "\ncontrolPlane:\n  machines: 3";

    private static readonly DateTimeOffset Noon = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private readonly PlaneLab _lab = new(Three);

    [Fact]
    public void Before_there_are_other_passwords_nothing_is_exchanged()
    {
        Rotate(RotationPhase.Make);

        var early = Ordered();
        File.WriteAllText(Path.Combine(_lab.Home.Keys, "server-token.previous"), "the one before\n");
        var due = Ordered();

        Assert.Null(early);
        Assert.Equal(PlaneLab.Name(0), due?.On);
    }

    [Fact]
    public void Where_the_machine_is_lost_that_was_to_exchange_them_one_that_holds_the_store_does_it_first_of_all()
    {
        Rotate(RotationPhase.Spread);
        _lab.Lose(0);

        var plan = _lab.Plan(Three).ControlPlane!;
        _lab.Up(Three);

        Assert.Equal((PlaneLab.Name(1), "passwords-1"), (K3sRotation.Read(plan.Orders.Configuration["k3s"])?.On, Ordered()?.Id));
        Assert.Equal([PlaneLab.Name(1), PlaneLab.Name(2)], _lab.Following.Begun);
        Rotate(phase: null);
        Assert.Equal(PlaneLab.Name(1), Ordered()?.On);
        Assert.Empty(_lab.Plan(Three).Changes);
    }

    [Theory]

    // None has begun: whoever was named does it, and where that holds no store the first one that does.
    [InlineData("old", true, true, 0, 0)]
    [InlineData("old", false, true, 1, 1)]
    [InlineData("old", true, false, 1, 1)]

    // Another is through with the very orders, and so is the exchange: nobody else is to do it, and those go first that hold the store.
    [InlineData("told", true, false, 0, 1)]
    public void Only_a_machine_exchanges_them_that_has_the_password_before(string generation, bool store, bool reportedSince, int on, int first)
    {
        var state = (new KeyState { Rotations = KeyState.NoRotations.Add(RotationKind.Passwords, new Rotation(DateTimeOffset.UnixEpoch, RotationPhase.Spread)) }).WithK3s(RotationKind.Passwords);
        var rotation = K3sRotations.Of(state, _lab.Plan(Three).Names)!;
        var before = _lab.Plan(Three).ControlPlane!.Orders with { Generation = "told" };
        rotation.Write((JsonObject)before.Configuration["k3s"]!);
        var made = Noon;
        ReportedMachine[] reports = [Report(0, "old", store, reportedSince ? made.AddMinutes(1) : made.AddMinutes(-1)), Report(1, "old", true, Noon), Report(2, generation, true, Noon)];
        VirtualMachine[] there = [Machine(0, made), Machine(1, Noon.AddDays(-1)), Machine(2, Noon.AddDays(-1))];

        var exchange = PasswordExchange.Of(state, rotation, before, [.. reports], there);

        Assert.Equal(new PasswordExchange(PlaneLab.Name(on), PlaneLab.Name(first)), exchange);
    }

    public void Dispose() => _lab.Dispose();

    private void Rotate(string? phase)
    {
        Directory.CreateDirectory(_lab.Home.Keys);
        var begun = KeyState.NoRotations.Add(RotationKind.Passwords, new Rotation(DateTimeOffset.UnixEpoch.AddSeconds(1), phase ?? RotationPhase.Make));
        var state = (new KeyState { Rotations = begun }).WithK3s(RotationKind.Passwords);
        (phase is null ? state with { Rotations = KeyState.NoRotations } : state).Write(_lab.Home);
    }

    private static ReportedMachine Report(int index, string generation, bool store, DateTimeOffset at) => new(PlaneLab.Name(index), new ControlPlaneState
    {
        Machine = PlaneLab.Name(index),
        Generation = generation,
        Attempt = 1,
        Phase = ControlPlanePhase.Done,
        Release = "",
        Ebb = "",
        Store = store,
        At = at,
    });

    private static VirtualMachine Machine(int index, DateTimeOffset made) =>
        new(PlaneLab.Name(index), new JsonObject { ["properties"] = new JsonObject { ["timeCreated"] = made.ToString("o", System.Globalization.CultureInfo.InvariantCulture) } });

    private K3sRotation? Ordered() => K3sRotation.Read(_lab.Plan(Three).ControlPlane!.Orders.Configuration["k3s"]);
}
