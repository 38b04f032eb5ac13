using System.Collections.Immutable;

namespace Ebb.Cli.Clusters.Provisioned.Rotating;

/// <summary>What became of one rotation.</summary>
/// <param name="HeldBy">What has to happen before it can be finished; empty when it is.</param>
internal sealed record RotationOutcome(RotationKind Kind, ImmutableArray<string> HeldBy);

/// <summary>
/// Takes a rotation from where it is as far as it goes. Where it is lies beside the keys, written after each step: what was cut short is
/// done once more.
/// </summary>
internal sealed class RotationRun(ClusterHome home, IRotationWork work, TimeProvider time, Action<ProvisionEvent> tell)
{
    public async Task<RotationOutcome> RunAsync(RotationKind kind, CancellationToken ct)
    {
        Begin(kind);
        while (KeyState.Read(home).PhaseOf(kind.What) is { } phase)
        {
            var next = kind.After(phase);
            var what = kind.Phases.First(p => p.Name == phase).Does;
            tell(new ProvisionEvent.Began($"{kind.What}-{phase}", Capital(what)));
            var started = time.GetTimestamp();
            var held = await work.CarryOutAsync(kind.What, phase, ct);
            if (!held.IsEmpty)
            {
                tell(new ProvisionEvent.Note($"{held.Length} to wait for."));
                return new RotationOutcome(kind, held);
            }

            tell(new ProvisionEvent.Ended($"{kind.What}-{phase}", Capital(what), Changed: true, time.GetElapsedTime(started)));

            After(KeyState.Read(home), kind, next).Write(home);
        }

        return new RotationOutcome(kind, []);
    }

    private void Begin(RotationKind kind)
    {
        var state = KeyState.Read(home);
        if (state.PhaseOf(kind.What) is not null)
        {
            return;
        }

        if (kind.What == RotationKind.Ssh)
        {
            // Of an earlier rotation, and nobody's now: what lies there from here on is of this one.
            SshKeys.ForgetPrevious(home);
        }

        if (kind.What == RotationKind.Passwords)
        {
            new ClusterKeys(home, time).ForgetPreviousPasswords();
        }

        // With what the servers are to carry out for it: a password that lay there without that would lock them out.
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        (state with { Rotations = state.Rotations.SetItem(kind.What, new Rotation(now, kind.Phases[0].Name)) }).WithK3s(kind.What).Write(home);
    }

    /// <summary>What is in force once a phase is over.</summary>
    /// <param name="next">The phase that begins then; null: the rotation is finished.</param>
    private static KeyState After(KeyState state, RotationKind kind, string? next)
    {
        var after = next is null ? state with { Rotations = state.Rotations.Remove(kind.What) } : state.At(kind.What, next);
        return (kind.What, next) switch
        {
            (RotationKind.Storage, RotationPhase.Spread) => after with { SharesKey = RotationWork.Other(state.SharesKey) },
            (JoinAuthorities.What, null) => after with { JoinAuthority = state.JoinAuthority + 1 },
            (ClusterAuthorities.What, null) => after with { Authorities = state.Authorities + 1 },
            (ClusterAuthorities.What, _) => after.WithK3s(kind.What),
            _ => after,
        };
    }

    private static string Capital(string what) => char.ToUpperInvariant(what[0]) + what[1..];
}

/// <summary>Does what the phases of rotations say, in the cluster's directory and in the cloud, or in a test.</summary>
internal interface IRotationWork
{
    /// <returns>What holds it up; empty when it is done.</returns>
    Task<ImmutableArray<string>> CarryOutAsync(string what, string phase, CancellationToken ct);
}
