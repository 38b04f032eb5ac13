using System.Collections.Immutable;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Templates;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Joining;

namespace Ebb.Cli.Clusters.Provisioned.Rotating;

/// <summary>A machine's node, as far as it tells which keys the machine has.</summary>
/// <param name="SharesKey">The mark of the keys that it mounts with; null where it says nothing.</param>
/// <param name="Authority">The mark of the authority that it joined by; likewise.</param>
internal sealed record NodeKeys(string Name, string? SharesKey, string? Authority)
{
    /// <summary>Whether its machine was upgraded and not reimaged, and has its disk of before still (<see cref="Marks.Reimage"/>).</summary>
    public bool OldDisk { get; init; }
}

/// <summary>Carries out the phases of rotations.</summary>
/// <param name="apply">Brings cluster and machines to what the keys are now, as <c>ebb up</c> does; null where there are no machines.</param>
/// <param name="nodes">The cluster's nodes.</param>
internal sealed class RotationWork(
    ClusterFile file, string flag, ClusterHome home, CloudAccess cloud, Func<CancellationToken, Task>? apply, Func<CancellationToken, Task<IReadOnlyList<NodeKeys>>> nodes) : IRotationWork
{
    // The system's account: whoever uses it asks for its key each time, so that no key of it need be kept in force for anyone.
    private static readonly ImmutableArray<string> Both = ["key1", "key2"];

    private ClusterKeys Keys => new(home, TimeProvider.System);

    private ResourceNames Names => new(file, cloud.Arm.Subscription);

    public static string Other(string key) => Both.Single(other => other != key);

    public async Task<ImmutableArray<string>> CarryOutAsync(string what, string phase, CancellationToken ct)
    {
        switch (what, phase)
        {
            case (RotationKind.Ssh, RotationPhase.Make):
                SshKeys.Replace(home);
                return [];
            case (RotationKind.Ssh, RotationPhase.Forget):
                SshKeys.ForgetPrevious(home);
                return [];
            case (RotationKind.Passwords, RotationPhase.Make):
                Keys.ReplacePasswords();
                return [];
            case (RotationKind.Passwords, RotationPhase.Forget):
                Keys.ForgetPreviousPasswords();
                return [];
            case (RotationKind.Ssh, RotationPhase.Wait) or (JoinAuthorities.What, JoinAuthorities.Waiting):
                return apply is null ? [] : await OfAnEarlierModelAsync(ct);
            case (ClusterAuthorities.What, ClusterAuthorities.Waiting):
                return apply is null ? [] : await JoinedByAnotherAsync(ct);
            case (RotationKind.Storage, RotationPhase.Make):
                await RegenerateAsync(Names.StorageAccount, Other(KeyState.Read(home).SharesKey), ct);
                await RegenerateAsync(Names.SystemAccount, Both[1], ct);
                return [];
            case (RotationKind.Storage, RotationPhase.Wait):
                return apply is null ? [] : await MountingWithAnotherKeyAsync(ct);
            case (RotationKind.Storage, RotationPhase.Forget):
                await RegenerateAsync(Names.StorageAccount, Other(KeyState.Read(home).SharesKey), ct);
                await RegenerateAsync(Names.SystemAccount, Both[0], ct);
                return [];
            default:
                if (apply is null)
                {
                    // Those before are needed to make others.
                    Keys.Ensure(file.Name, Names.ControlPlane.Select(index => Names.ControlPlaneAddress(index).ToString()));
                    return [];
                }

                await apply(ct);
                return [];
        }
    }

    private async Task RegenerateAsync(string account, string key, CancellationToken ct)
    {
        if (await cloud.Accounts.KeysAsync(file.Cloud.StorageGroup, account, ct) is not null)
        {
            await cloud.Accounts.RegenerateAsync(file.Cloud.StorageGroup, account, key, ct);
        }
    }

    /// <summary>What a machine was told at its birth changes when it is reimaged, and not before.</summary>
    private async Task<ImmutableArray<string>> OfAnEarlierModelAsync(CancellationToken ct)
    {
        var old = (await nodes(ct)).Where(node => node.OldDisk).Select(node => node.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return
        [
            .. from machine in await MachinesAsync(ct)
               where !machine.LatestModel || old.Contains(machine.HostName)
               select $"machine {machine.Name} was made before: {(machine.IsOff ? "start it, then " : "")}'ebb reimage{flag} {machine.Set} --machine {machine.Name}', or let it be replaced",
        ];
    }

    private async Task<ImmutableArray<string>> MountingWithAnotherKeyAsync(CancellationToken ct)
    {
        var inForce = KeyState.Read(home).SharesKey;
        var keys = await cloud.Accounts.KeysAsync(file.Cloud.StorageGroup, Names.StorageAccount, ct);
        if (keys is null && file.Storage.Shares.IsEmpty)
        {
            // There never were any.
            return [];
        }

        var key = keys?.FirstOrDefault(k => k.Name == inForce)
            ?? throw new EbbException($"Storage account '{Names.StorageAccount}' has no {inForce}. 'ebb up{flag}' makes the account anew.");

        // One that is off mounts nothing, and asks for the key when it boots. Where the file names no shares any more, machines that joined
        // before may have some mounted still, and nobody else is given a key.
        var mark = Mount.MarkOf([key.Value]);
        return await HeldByAsync(
            (await MachinesAsync(ct)).Where(machine => !machine.IsOff),
            node => file.Storage.Shares.IsEmpty ? node?.SharesKey is { Length: > 0 } has && has != mark : node?.SharesKey != mark,
            "may have been given the key before",
            "mounts with the key before",
            ct);
    }

    // A restart is enough: k3s' agent asks for all of its certificates whenever it starts, and Ebb's gives it the hash to know servers by.
    private async Task<ImmutableArray<string>> JoinedByAnotherAsync(CancellationToken ct)
    {
        var mark = AuthorityMark.Of(Keys.ServerAuthorityPem);
        return await HeldByAsync(
            await MachinesAsync(ct), node => node?.Authority != mark, "may know the authority before only", "has certificates by the authority before", ct);
    }

    /// <param name="holds">Whether a machine has what is to go, by its node; null: it has none.</param>
    private async Task<ImmutableArray<string>> HeldByAsync(
        IEnumerable<ScaleSetMachine> machines, Func<NodeKeys?, bool> holds, string mayHave, string has, CancellationToken ct)
    {
        var known = (await nodes(ct)).ToDictionary(node => node.Name, StringComparer.OrdinalIgnoreCase);
        return
        [
            .. from machine in machines
               let node = known.GetValueOrDefault(machine.HostName)
               where holds(node)
               select machine.IsOff ? $"machine {machine.Name} is off, and {mayHave}: start it, or remove it"
                   : node is null ? $"machine {machine.Name} is not a node yet, and {mayHave}: wait, or remove it"
                   : $"machine {machine.Name} {has}: 'ebb restart{flag} {machine.Set} --machine {machine.Name}', or let it be replaced",
        ];
    }

    private async Task<IReadOnlyList<ScaleSetMachine>> MachinesAsync(CancellationToken ct)
    {
        var all = new List<ScaleSetMachine>();
        foreach (var set in PoolScaleSet.Of(file))
        {
            all.AddRange(await cloud.ScaleSets.MachinesAsync(file.Cloud.ComputeGroup, set.Name, ct));
        }

        return all;
    }
}
