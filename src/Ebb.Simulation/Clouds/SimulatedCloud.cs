using System.Collections.Immutable;
using System.Net;
using Ebb.Clouds;
using Ebb.Pools;
using Ebb.Sandbox.Cloud;

namespace Ebb.Simulation.Clouds;

/// <summary>The pools of one resource group of a <see cref="CloudWorld"/>, without a protocol in between.</summary>
/// <remarks>A little long: one method for each member of the seam, and what they share.</remarks>
public sealed class SimulatedCloud(CloudWorld world, string group, Process process, TimeProvider time) : ICloud
{
    /// <summary>How long an answer is waited for that never comes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // What a call takes at the least: time goes on between any two of them, and things happen meanwhile.
    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan FollowEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ListAnewAfter = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, Known> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Looks after accepted operations for as long as someone waits for news of them.</summary>
    public async Task ChangedAsync(CancellationToken ct)
    {
        while (true)
        {
            await Task.Delay(FollowEvery, time, ct);
            foreach (var known in _known.Values.Where(known => known.Open.Count > 0).ToArray())
            {
                if (await FollowAsync(known, ct))
                {
                    return;
                }
            }
        }
    }

    public async Task<CloudView> ReadAsync(IReadOnlySet<string> inMotion, CancellationToken ct)
    {
        var sets = await AskAsync(() => world.ListScaleSets(group), ct);
        if (sets.Value is not { } listed)
        {
            throw Fault("Listing the scale sets", sets);
        }

        var trouble = listed.Complete ? null : "the list of scale sets is incomplete";
        var pools = ImmutableArray.CreateBuilder<PoolView>();
        foreach (var set in listed.Items)
        {
            if (CloudFacts.PoolOf(set, world.Options) is not { } pool)
            {
                continue;
            }

            var known = _known.TryGetValue(set.Name, out var before) ? before : _known[set.Name] = new Known { Pool = pool };
            known.Pool = pool;
            if (known.ETag != set.ETag || inMotion.Contains(set.Name) || time.GetUtcNow() - known.ListedAt >= ListAnewAfter)
            {
                trouble = await ListAsync(known, set, ct) ?? trouble;
            }

            pools.Add(new PoolView
            {
                Pool = pool,
                Capacity = set.Capacity,
                ETag = set.ETagText,
                Machines = known.Machines,
                MachinesReadAt = known.ListedAt,
                InFlight = [.. known.Open.Select(open => open.What)],
                Failures = [.. known.Failures],
                OperationFailures = [.. known.OperationFailures],
            });
            known.Failures.Clear();
            known.OperationFailures.Clear();
        }

        return new CloudView { ReadAt = time.GetUtcNow(), Pools = pools.DrainToImmutable(), Complete = trouble is null, Trouble = trouble };
    }

    public async Task<GrowResult> GrowAsync(PoolView pool, int by, CancellationToken ct)
    {
        var name = pool.Pool.Name;
        var read = await AskAsync(() => world.GetScaleSet(group, name), ct);
        if (read.Error is { RetryAfter: { } wait })
        {
            return new GrowResult.Throttled(wait);
        }

        if (read.Value is not { } set)
        {
            throw Fault($"Reading pool '{name}'", read);
        }

        if (set.Capacity != pool.Capacity)
        {
            return new GrowResult.Changed(set.Capacity);
        }

        var asked = by == 0 ? 0 : await RoomAsync(set, by, ct);
        if (asked < by && asked <= 0)
        {
            var none = new CloudError(409, "QuotaExceeded", $"The quota has no room for another '{set.Size}'.");
            return new GrowResult.Refused(CloudFacts.FailureOf(none, pool.Pool, time.GetUtcNow()));
        }

        var wanted = set.Capacity + asked;
        var answer = await AskAsync(() => world.SetCapacity(group, name, wanted, set.ETagText), ct);
        return answer switch
        {
            { Unanswered: true } => await ResolveAsync(name, set.Capacity, wanted, ct),
            { Ok: true } => Growing(name, answer.Operation, wanted, asked),
            { Error.RetryAfter: { } later } => new GrowResult.Throttled(later),
            { Error.Status: 412 } or { Error.Code: "ConflictingConcurrentWriteNotAllowed" } => new GrowResult.Changed(set.Capacity),
            { Error: { Status: < 500 } error } => new GrowResult.Refused(CloudFacts.FailureOf(error, pool.Pool, time.GetUtcNow())),
            _ => throw Fault($"Growing pool '{name}'", answer),
        };
    }

    public async Task<RemoveResult> RemoveAsync(PoolView pool, IReadOnlyList<Machine> machines, CancellationToken ct)
    {
        var name = pool.Pool.Name;
        string[] ids = [.. machines.Select(machine => machine.Id)];
        while (true)
        {
            var answer = await AskAsync(() => world.DeleteInstances(group, name, ids), ct);
            switch (answer)
            {
                case { Unanswered: true }:
                    return new RemoveResult.Unknown("no answer");
                case { Ok: true }:
                    Follow(name, "remove", ids.Length, answer.Operation);
                    return new RemoveResult.Removing(ids.Length);
                case { Error.RetryAfter: { } wait }:
                    return new RemoveResult.Throttled(wait);
                case { Error: { Code: "InvalidParameter", Target: "instanceIds" } }:
                    // One of them is gone already, and the cloud then deletes none: asked again for those there are.
                    var list = await AskAsync(() => world.ListInstances(group, name), ct);
                    if (list.Value is not { Complete: true } there)
                    {
                        throw Fault($"Listing the machines of pool '{name}'", list);
                    }

                    string[] left = [.. ids.Where(id => there.Items.Any(instance => instance.Id == id))];
                    if (left.Length == 0)
                    {
                        return new RemoveResult.Removing(0);
                    }

                    if (left.Length == ids.Length)
                    {
                        return new RemoveResult.Unknown("the cloud's list of machines is older than its answer");
                    }

                    ids = left;
                    break;
                default:
                    throw Fault($"Removing machines of pool '{name}'", answer);
            }
        }
    }

    public async Task OperateAsync(PoolView pool, IReadOnlyList<Machine> machines, MachineOperation operation, CancellationToken ct)
    {
        var name = pool.Pool.Name;
        string[] ids = [.. machines.Select(machine => machine.Id)];
        var answer = await AskAsync(
            () => operation switch
            {
                MachineOperation.Start => world.Start(group, name, ids),
                MachineOperation.PowerOff => world.PowerOff(group, name, ids),
                MachineOperation.Deallocate => world.Deallocate(group, name, ids),
                MachineOperation.Restart => world.Restart(group, name, ids),
                MachineOperation.Upgrade => world.Upgrade(group, name, ids),
                _ => world.Reimage(group, name, ids),
            },
            ct);
        if (answer is { Unanswered: true } or { Ok: false })
        {
            throw Fault($"{operation} of machines of pool '{name}'", answer);
        }

        Follow(name, operation.ToString().ToLowerInvariant(), ids.Length, answer.Operation, [.. ids]);
    }

    public async Task<ProtectResult> ProtectAsync(PoolView pool, Machine machine, bool shielded, CancellationToken ct)
    {
        var answer = await AskAsync(() => world.Protect(group, pool.Pool.Name, machine.Id, shielded), ct);
        return answer switch
        {
            { Unanswered: false, Ok: true } => new ProtectResult.Done(),
            { Unanswered: false, Error.RetryAfter: { } wait } => new ProtectResult.Throttled(wait),
            { Unanswered: false, Error: { Code: "InvalidParameter", Target: "instanceIds" } } => new ProtectResult.Gone(),
            _ => throw Fault($"Protecting machine '{machine.Name}'", answer),
        };
    }

    /// <summary>Lists the machines; what goes wrong is told and the old list kept.</summary>
    private async Task<string?> ListAsync(Known known, ScaleSet set, CancellationToken ct)
    {
        var answer = await AskAsync(() => world.ListInstances(group, set.Name), ct);
        if (answer is not { Unanswered: false, Value: { Complete: true } list })
        {
            return $"the machines of pool '{set.Name}' could not be listed: {answer.Error?.Code ?? "the list is incomplete"}";
        }

        known.Machines = [.. list.Items.Select(instance => CloudFacts.MachineOf(instance, set))];
        known.ListedAt = time.GetUtcNow();
        known.ETag = set.ETag;
        return null;
    }

    /// <summary>How many of the machines wanted the quota has room for. Without an answer: all, the cloud keeps its quota itself.</summary>
    private async Task<int> RoomAsync(ScaleSet set, int by, CancellationToken ct)
    {
        var usages = await AskAsync(() => world.ListUsages(), ct);
        var size = world.Options.Sizes.First(size => size.Name.Equals(set.Size, StringComparison.OrdinalIgnoreCase));
        var cores = set.Priority == Sandbox.Cloud.Priority.Spot ? "lowPriorityCores" : "cores";
        return usages is { Unanswered: false, Value: { } list }
            ? list.Items
                .Where(usage => usage.Name == cores || (cores == "cores" && usage.Name == size.Family))
                .Select(usage => (usage.Limit - usage.Current) / size.VCpus)
                .Append(by)
                .Min()
            : by;
    }

    /// <summary>Reads whether a request took effect that got no answer; it is never sent twice.</summary>
    private async Task<GrowResult> ResolveAsync(string name, int before, int wanted, CancellationToken ct)
    {
        var read = await AskAsync(() => world.GetScaleSet(group, name), ct);
        return read switch
        {
            { Unanswered: false, Value: { } set } when set.Capacity == wanted => new GrowResult.Growing(wanted, wanted - before),
            { Unanswered: false, Value: { } set } when set.Capacity != before => new GrowResult.Changed(set.Capacity),
            _ => new GrowResult.Unknown("no answer"),
        };
    }

    private GrowResult.Growing Growing(string name, Operation? operation, int capacity, int asked)
    {
        Follow(name, "grow", asked, operation);
        return new GrowResult.Growing(capacity, asked);
    }

    private void Follow(string pool, string kind, int machines, Operation? operation, ImmutableArray<string> operated = default)
    {
        if (operation is not null && _known.TryGetValue(pool, out var known))
        {
            known.Open.Add((operation.Id, new CloudOperation(kind, machines, operation.StartedAt), operated.IsDefault ? [] : operated));
        }
    }

    /// <returns>True when one has failed.</returns>
    private async Task<bool> FollowAsync(Known known, CancellationToken ct)
    {
        var failed = false;
        foreach (var open in known.Open.ToArray())
        {
            var answer = await AskAsync(() => world.GetOperation(open.Id), ct);
            if (answer is { Unanswered: true } or { Error: { Status: >= 500 } or { RetryAfter: not null } })
            {
                continue;
            }

            if (answer.Value is { EndedAt: null })
            {
                continue;
            }

            known.Open.Remove(open);
            if (open.What.Kind == "grow" && answer.Value is { Status: OperationStatus.Failed, Error: { } error })
            {
                known.Failures.Add(CloudFacts.FailureOf(error, known.Pool, time.GetUtcNow()));
                failed = true;
            }
            else if (answer.Value is { Status: OperationStatus.Failed, Error: { } other } && !open.Operated.IsEmpty)
            {
                var named = open.Operated.Where(id => other.Details.Any(detail => detail.Target == id)).ToList();
                known.OperationFailures.AddRange((named.Count > 0 ? named : [.. open.Operated])
                    .Select(id => new OperationFailure(open.What.Kind, id, named.Count > 0 || open.Operated.Length == 1, other.Code, other.Message)));
                failed = true;
            }
        }

        return failed;
    }

    private async Task<Outcome<T>> AskAsync<T>(Func<Outcome<T>> call, CancellationToken ct)
    {
        await Task.Delay(Latency, time, ct);
        await process.AliveAsync();
        var outcome = call();
        var wait = outcome.Unanswered ? Patience : outcome.Delay;
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, time, ct);
        }

        await process.AliveAsync();
        return outcome.Unanswered ? outcome with { Value = default, Error = outcome.Error ?? NoAnswer } : outcome;
    }

    private static CloudError NoAnswer { get; } = new(504, "GatewayTimeout", "No answer came.");

    private static CloudException Fault<T>(string what, Outcome<T> outcome) => outcome.Unanswered
        ? new CloudException($"{what}: no answer within {Patience}.")
        : new CloudException(
            $"{what}: {outcome.Error?.Code}: {outcome.Error?.Message}",
            (HttpStatusCode?)outcome.Error?.Status,
            outcome.Error?.Code);

    /// <summary>What was last seen of one pool.</summary>
    private sealed class Known
    {
        public required Pool Pool { get; set; }

        public long ETag { get; set; } = -1;

        public ImmutableArray<Machine> Machines { get; set; } = [];

        public DateTimeOffset ListedAt { get; set; } = DateTimeOffset.MinValue;

        public List<(string Id, CloudOperation What, ImmutableArray<string> Operated)> Open { get; } = [];

        public List<GrowFailure> Failures { get; } = [];

        public List<OperationFailure> OperationFailures { get; } = [];
    }
}
