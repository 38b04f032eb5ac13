namespace Ebb.Sandbox.Cloud;

public sealed partial class CloudWorld
{
    // Finished operations stay readable for this long: clients ask once more after the end.
    private static readonly TimeSpan OperationMemory = TimeSpan.FromHours(1);

    // An operation gives up on a machine that never comes or goes; the machine stays as it is.
    private static readonly TimeSpan OperationLimit = TimeSpan.FromMinutes(40);

    private readonly Dictionary<string, Work> _operations = [];
    private readonly Queue<Work> _ended = new();

    /// <summary>Works that wait for an instance (by resource id) to come to rest.</summary>
    private readonly Dictionary<string, List<Work>> _waiting = [];

    /// <summary>Reads an operation by its id.</summary>
    public Outcome<Operation> GetOperation(string id) => Call<Operation>(CallKind.GetOperation, null, () =>
        _operations.TryGetValue(id, out var work)
            ? work.Operation
            : new CloudError(404, "NotFound", $"The operation '{id}' was not found."));

    private Work Begin(CallKind call, SetState? state, string target)
    {
        while (_ended.TryPeek(out var old) && old.Operation.EndedAt < Now - OperationMemory)
        {
            _operations.Remove(_ended.Dequeue().Operation.Id);
        }

        var work = new Work(new Operation { Id = NewGuid(), Call = call, Target = target, StartedAt = Now }, state);
        _operations.Add(work.Operation.Id, work);
        if (state is not null && state.OpenOperations++ == 0 && !IsNew(state.Current))
        {
            state.Set(state.Current with { Provisioning = ProvisioningState.Updating }, Now);
        }

        return work;
    }

    // A set is Creating, not Updating, until its first operation has ended.
    private static bool IsNew(ScaleSet set) => set is { ETag: 1, Provisioning: ProvisioningState.Creating };

    /// <summary>Has <paramref name="work"/> wait until the instance comes to rest.</summary>
    private void WaitFor(Work work, Instance instance)
    {
        work.Waiting++;
        if (!_waiting.TryGetValue(instance.ResourceId, out var works))
        {
            _waiting[instance.ResourceId] = works = [];
        }

        works.Add(work);
    }

    /// <summary>The instance has come to rest, or was given another order: whoever waited for it goes on.</summary>
    private void Settle(Instance instance, CloudError? error = null)
    {
        if (!_waiting.Remove(instance.ResourceId, out var works))
        {
            return;
        }

        foreach (var work in works)
        {
            work.Error ??= error;
            work.Waiting--;
            EndWhenDone(work);
        }
    }

    /// <summary>Nothing more will be added to the work: it ends with the last instance, and not before <paramref name="least"/>.</summary>
    private void Seal(Work work, TimeSpan least)
    {
        work.Waiting++;
        _agenda.In(least, () =>
        {
            work.Waiting--;
            work.Sealed = true;
            EndWhenDone(work);
        });
    }

    private void EndWhenDone(Work work)
    {
        if (work.Sealed && work.Waiting == 0)
        {
            End(work, work.Error is null ? OperationStatus.Succeeded : OperationStatus.Failed);
        }
    }

    private void End(Work work, OperationStatus status)
    {
        if (work.Operation.Status != OperationStatus.InProgress)
        {
            return;
        }

        work.Operation = work.Operation with { Status = status, EndedAt = Now, Error = work.Error };
        _ended.Enqueue(work);
        if (work.State is { } state && --state.OpenOperations == 0 && !state.Deleting)
        {
            var rest = status == OperationStatus.Failed ? ProvisioningState.Failed : ProvisioningState.Succeeded;
            state.Set(state.Current with { Provisioning = rest }, Now);
        }

        work.Then?.Invoke();
    }

    private sealed class Work(Operation operation, SetState? state)
    {
        public Operation Operation { get; set; } = operation;

        public SetState? State { get; } = state;

        /// <summary>Things it still waits for.</summary>
        public int Waiting { get; set; }

        public bool Sealed { get; set; }

        /// <summary>The first thing that went wrong.</summary>
        public CloudError? Error { get; set; }

        /// <summary>It goes wrong for one instance: the details say for which.</summary>
        public void FailFor(Instance instance, CloudError error)
        {
            Error ??= error;
            if (!instance.Standalone)
            {
                Error = Error with { Details = Error.Details.Add(error with { Target = instance.Id }) };
            }
        }

        /// <summary>Runs after it ended, however it ended.</summary>
        public Action? Then { get; set; }

        /// <summary>The notices it gave before it may go on.</summary>
        public NoticeBatch Notices { get; } = new();

        public bool Ended => Operation.Status != OperationStatus.InProgress;
    }
}
