using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Tests.Cli.Provisioning.Orders.Following;

/// <summary>
/// The password with which servers join is exchanged. The store is sealed with it: a server that starts with another one than that refuses,
/// and the API stays away.
/// </summary>
public sealed class PasswordTests(MachineCloud cloud) : FollowingCase(cloud)
{
    private const string Token = "/etc/ebb/k3s/token";
    private const string Old = $"content of {SystemShare.ServerToken}";
    private const string New = "another password";

    [Fact]
    public async Task The_first_server_exchanges_the_old_one_for_the_new_one_before_k3s_restarts_and_shows_the_old_one_to_nobody()
    {
        using var machine = await BornAsync();
        await machine.OrderAsync(await RotationAsync(machine));

        await machine.LookAsync();

        await DoneAsync(machine);
        Assert.Equal(
            [$"k3s token rotate --new-token {New}", $"  K3S_TOKEN={Old}", "systemctl restart k3s.service"],
            machine.Ran.Where(line => line.Contains("token", StringComparison.OrdinalIgnoreCase) || line.Contains("restart k3s", StringComparison.Ordinal)));
        Assert.Equal(["agent-token", "token", "token.before"], Directory.EnumerateFiles(machine.Lab.At("/etc/ebb/k3s")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Wherever_the_power_goes_k3s_starts_again_and_the_exchange_is_carried_through()
    {
        using var before = await BornAsync();
        var orders = await RotationAsync(before);
        await before.OrderAsync(orders);

        var (killed, refused) = (0, 0);
        for (var step = 1; ; step++)
        {
            using var machine = await OrderedMachine.BornAsync(Cloud);
            var (code, said) = await machine.RunAsync("--follow", step);
            if (code == 0)
            {
                break;
            }

            Assert.True(code == 137, said);
            killed++;
            machine.Boot();
            refused += machine.K3sRuns ? 0 : 1;
            await machine.LookAsync();

            Assert.True((await Cloud.StateAsync(0))!.Phase is ControlPlanePhase.Done, $"step {step}: {(await Cloud.StateAsync(0))!.Why}");
            await DoneAsync(machine);
        }

        Assert.True(killed > 8, $"It was killed at {killed} steps only.");

        // Between the store's new seal and the new file, which nobody can change in one stroke.
        Assert.True(refused <= 1, $"It did not start again after {refused} of {killed}.");
    }

    [Fact]
    public async Task One_that_an_earlier_program_put_in_place_too_early_is_put_back_until_it_is_exchanged()
    {
        using var machine = await BornAsync();
        var orders = await RotationAsync(machine);
        machine.Lab.Write(Token, New + "\n", "0600");
        machine.Lab.Write(Token + ".before", Old + "\n", "0600");
        machine.Boot();
        Assert.False(machine.K3sRuns);

        await machine.OrderAsync(orders);
        await machine.LookAsync();

        await DoneAsync(machine);
    }

    [Fact]
    public async Task Where_k3s_cannot_exchange_it_the_old_one_stays_in_force_and_it_is_tried_again()
    {
        using var machine = await BornAsync();
        machine.K3s("""[ "$1 $2" != "token rotate" ] || exit 1""");
        var orders = await RotationAsync(machine);
        await machine.OrderAsync(orders);
        await machine.LookAsync();
        Assert.Equal((ControlPlanePhase.Failed, Old), ((await Cloud.StateAsync(0))!.Phase, machine.Lab.Read(Token).Trim()));
        machine.Boot();
        Assert.True(machine.K3sRuns);

        machine.K3s("");
        await machine.TurnAsync(orders.Generation, attempt: 2);
        await machine.LookAsync();

        await DoneAsync(machine);
    }

    [Fact]
    public async Task A_server_that_takes_the_new_one_before_its_store_has_it_does_not_start_with_that()
    {
        using var machine = await BornAsync();
        machine.K3s("""
            case "$1 $2" in
              "token rotate") exit 1;;
              "secrets-encrypt status") echo 'Encryption Status: Enabled'; exit 0;;
            esac
            """);
        var orders = await RotationAsync(machine);
        await machine.OrderAsync(orders);

        await machine.LookAsync();

        Assert.Equal((ControlPlanePhase.Failed, Old), ((await Cloud.StateAsync(0))!.Phase, machine.Lab.Read(Token).Trim()));
        Assert.True(machine.K3sRuns);
        machine.K3s("");
        await machine.TurnAsync(orders.Generation, attempt: 2);
        await machine.LookAsync();
        await DoneAsync(machine);
    }

    [Fact]
    public async Task One_that_was_exchanged_just_before_the_machine_was_cut_short_is_not_exchanged_once_more()
    {
        using var machine = await BornAsync();
        var orders = await RotationAsync(machine);
        machine.Sealed = New;

        await machine.OrderAsync(orders);
        await machine.LookAsync();

        await DoneAsync(machine);
        Assert.Single(machine.Ran, line => line.StartsWith("k3s token rotate", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_server_than_the_first_takes_the_new_one_and_restarts()
    {
        using var machine = await BornAsync();
        await Cloud.PutFileAsync(SystemShare.ServerToken, New + "\n");
        await machine.OrderAsync(machine.Orders(rotation: Rotation() with { On = "farm-control-plane-1" }));
        machine.Sealed = New;

        await machine.LookAsync();

        await DoneAsync(machine);
        Assert.Contains("systemctl restart k3s.service", machine.Ran);
        Assert.DoesNotContain(machine.Ran, line => line.StartsWith("k3s token", StringComparison.Ordinal));
        Assert.False(File.Exists(machine.Lab.At(Token + ".next")));
    }

    [Fact]
    public async Task One_that_has_taken_the_new_one_after_another_had_exchanged_it_does_not_exchange_it_when_that_other_is_gone()
    {
        using var machine = await BornAsync();
        await Cloud.PutFileAsync(SystemShare.ServerToken, New + "\n");
        await machine.OrderAsync(machine.Orders(rotation: Rotation() with { On = "farm-control-plane-1" }));
        machine.Sealed = New;
        await machine.LookAsync();

        await machine.OrderAsync(machine.Orders(rotation: Rotation() with { On = machine.Name }));
        await machine.LookAsync();

        await DoneAsync(machine);
        Assert.DoesNotContain(machine.Ran, line => line.StartsWith("k3s token", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_one_in_force_is_exchanged_for_another_only_and_not_taken_for_exchanged_before_there_is_one()
    {
        using var machine = await BornAsync();
        await machine.OrderAsync(await RotationAsync(machine));
        await machine.LookAsync();
        await DoneAsync(machine);
        machine.Forget();

        var second = Rotation() with { Id = "passwords-2" };
        await machine.OrderAsync(machine.Orders(rotation: second));
        await machine.LookAsync();
        var early = (await Cloud.StateAsync(0))!;
        var ran = machine.Ran;
        await Cloud.PutFileAsync(SystemShare.ServerToken, "a third password\n");
        await machine.OrderAsync(machine.Orders(rotation: second));
        await machine.LookAsync();

        Assert.Equal(ControlPlanePhase.Failed, early.Phase);
        Assert.Contains("is in force already", early.Why, StringComparison.Ordinal);
        Assert.DoesNotContain(ran, line => line.StartsWith("k3s token", StringComparison.Ordinal) || line.Contains("restart", StringComparison.Ordinal));
        await DoneAsync(machine, "a third password");
    }

    private K3sRotation Rotation() => K3sRotations.Of(new KeyState { K3s = new K3sOrder("passwords-1", RotationKind.Passwords) }, Cloud.Names)!;

    private async Task<ControlPlaneOrders> RotationAsync(OrderedMachine machine)
    {
        await Cloud.PutFileAsync(SystemShare.ServerToken, New + "\n");
        return machine.Orders(rotation: Rotation());
    }

    private async Task DoneAsync(OrderedMachine machine, string inForce = New)
    {
        var state = (await Cloud.StateAsync(0))!;
        Assert.True(state.Phase is ControlPlanePhase.Done, state.Why);
        Assert.Equal((inForce, inForce, true), (machine.Lab.Read(Token).Trim(), machine.Sealed, machine.K3sRuns));
        Assert.Equal("600", machine.Lab.ModeOf(Token));
        machine.Boot();
        Assert.True(machine.K3sRuns);
    }
}
