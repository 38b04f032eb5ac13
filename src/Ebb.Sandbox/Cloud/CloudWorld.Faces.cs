namespace Ebb.Sandbox.Cloud;

// What a face keeps itself (networks, identities, deployments): its calls are counted, limited and struck like the world's own,
// and what takes time is an operation like any other.
public sealed partial class CloudWorld
{
    /// <summary>A group as it is; null when there is none. Not counted as a request.</summary>
    public ResourceGroup? FindGroup(string name)
    {
        lock (_agenda.Gate)
        {
            return _groups.GetValueOrDefault(name);
        }
    }

    /// <summary>
    /// Gives a new machine of a set its address and the subnet that it lies in; null: of no network that anybody knows. Called
    /// under the gate.
    /// </summary>
    internal Func<ScaleSet, GivenAddress?>? TakeAddress { get; set; }

    /// <summary>A client's call on something that a face keeps.</summary>
    /// <param name="name">Of the resource; what <see cref="Fault.Pool"/> is held against.</param>
    /// <param name="type">Namespace and type; what <see cref="Fault.ResourceType"/> is held against.</param>
    internal Outcome<T> Serve<T>(CallKind kind, string? name, string? type, Func<Outcome<T>> work) => Call(kind, name, work, type);

    /// <summary>Work of a face that goes on for a while and then ends, as failed when a fault strikes it.</summary>
    internal Operation Carry(CallKind kind, string target, string? type, Latency takes)
    {
        var work = Begin(kind, null, target);
        if (Faults.Strike(FaultKind.FailOperation, kind, target, type) is { } fault)
        {
            work.Error = new CloudError(409, fault.Code, fault.Message);
        }

        Seal(work, takes.Draw(_random));
        return work.Operation;
    }

    /// <summary>Work of a face that ends when <see cref="EndOperation"/> is called.</summary>
    internal Operation BeginOperation(CallKind kind, string target) => Begin(kind, null, target).Operation;

    /// <summary>Ends work that <see cref="BeginOperation"/> began; ends nothing twice.</summary>
    internal void EndOperation(Operation operation, CloudError? error)
    {
        if (_operations.TryGetValue(operation.Id, out var work))
        {
            work.Error ??= error;
            End(work, work.Error is null ? OperationStatus.Succeeded : OperationStatus.Failed);
        }
    }

    /// <summary>Ends work as cancelled.</summary>
    internal void CancelOperation(Operation operation, CloudError error)
    {
        if (_operations.TryGetValue(operation.Id, out var work))
        {
            work.Error ??= error;
            End(work, OperationStatus.Canceled);
        }
    }

    /// <summary>Does something when an operation has ended, with its error; at once when it has.</summary>
    internal void WhenEnded(Operation operation, Action<CloudError?> then)
    {
        if (_operations.TryGetValue(operation.Id, out var work) && !work.Ended)
        {
            work.Then += () => then(work.Operation.Status == OperationStatus.Succeeded ? null : work.Error);
        }
        else
        {
            then((work?.Operation ?? operation).Error);
        }
    }

    /// <summary>A new id of the run's own randomness.</summary>
    internal string NewId() => NewGuid();
}

/// <summary>Where a new machine is in the network.</summary>
/// <param name="Subnet">What <paramref name="Address"/> lies in.</param>
/// <param name="Public">Empty when it has none.</param>
internal sealed record GivenAddress(string Address, string Subnet, string Public = "");
