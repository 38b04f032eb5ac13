using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned.Rotating;

/// <summary>
/// Which machine of a control plane exchanges the passwords for all. Only one can that holds the store and has the password before: one that
/// is made anew meanwhile is given the new one at its birth, and joins once the others have that too.
/// </summary>
/// <param name="On">The machine that exchanges, or did; null: each of them.</param>
/// <param name="First">Whose turn is before all others', which may be waiting for it; null for no such.</param>
internal sealed record PasswordExchange(string? On, string? First)
{
    /// <summary>Whether there is no other password yet: servers would take the one in force for what it was exchanged for.</summary>
    public static bool IsEarly(KeyState state, ClusterKeys keys) =>
        state.K3s is { What: RotationKind.Passwords } && state.PhaseOf(RotationKind.Passwords) is RotationPhase.Make && !keys.HasPreviousPassword;

    /// <param name="rotation">What servers are to carry out.</param>
    /// <param name="before">What they were last told; null for nothing.</param>
    /// <param name="machines">In their order, with what each last reported.</param>
    /// <param name="there">Those that are there.</param>
    public static PasswordExchange Of(
        KeyState state, K3sRotation rotation, ControlPlaneOrders? before, ImmutableArray<ReportedMachine> machines, IReadOnlyCollection<VirtualMachine> there)
    {
        var told = K3sRotation.Read(before?.Configuration["k3s"]) is { } earlier && earlier.Id == rotation.Id ? earlier : null;
        var on = told is null ? rotation.On : told.On;
        if (state.K3s is not { What: RotationKind.Passwords } || state.PhaseOf(RotationKind.Passwords) is not (RotationPhase.Make or RotationPhase.Spread))
        {
            return new PasswordExchange(on, First: null);
        }

        var holders = machines.Where(machine => machine.HoldsStore(there)).Select(machine => machine.Name).ToList();

        // Whoever is through with these orders was so after the one that exchanges.
        var exchanged = told is not null && machines.Any(machine => machine.IsDone(before!.Generation));
        var first = holders.FirstOrDefault();
        return new PasswordExchange(exchanged || first is null || holders.Contains(on!) ? on : first, first);
    }
}
