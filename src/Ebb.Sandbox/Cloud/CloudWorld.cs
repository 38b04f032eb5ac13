using System.Collections.Immutable;

namespace Ebb.Sandbox.Cloud;

/// <summary>
/// A cloud that sells machines in scale sets: state machines on an <see cref="Agenda"/>, no I/O. Every public member takes the
/// agenda's gate; what is handed out is an immutable picture.
/// </summary>
/// <remarks>
/// Calls of a client are counted and may be struck by <see cref="Faults"/>. What the sandbox's owner looks at
/// (<see cref="ScaleSets"/>, <see cref="Find"/>) is neither.
/// </remarks>
public sealed partial class CloudWorld
{
    private readonly Agenda _agenda;
    private readonly CloudOptions _options;
    private readonly Random _random;
    private readonly Limits _limits = new();
    private Requests _requests = new();
    private readonly SortedDictionary<string, SetState> _sets = new(StringComparer.OrdinalIgnoreCase);

    public CloudWorld(Agenda agenda, CloudOptions options)
    {
        if (options.Problems().ToList() is { Count: > 0 } problems)
        {
            throw new ArgumentException(string.Join(' ', problems), nameof(options));
        }

        _agenda = agenda;
        _options = options;
        _random = new Random(options.Seed);
        _availability = options.Availability;

        // A stream of their own: switching a fault on does not shift the latencies of the same seed.
        Faults = new Faults(agenda.Gate, new Random(unchecked((options.Seed * 31) + 7)));
    }

    /// <summary>Machines that appear, boot, stop and go. Raised under the gate; handlers must not block.</summary>
    public event Action<InstanceChange>? InstanceChanged;

    public Agenda Agenda => _agenda;

    public CloudOptions Options => _options;

    public Faults Faults { get; }

    /// <summary>How often clients asked.</summary>
    public Requests Requests
    {
        get
        {
            lock (_agenda.Gate)
            {
                return _requests;
            }
        }
    }

    /// <summary>All scale sets, ordered by group and name.</summary>
    public ImmutableArray<ScaleSet> ScaleSets
    {
        get
        {
            lock (_agenda.Gate)
            {
                return [.. _sets.Values.Select(s => s.Current).Where(s => !s.Standalone)];
            }
        }
    }

    private DateTimeOffset Now => _agenda.Now;

    /// <summary>The scale set as it is; null when there is none.</summary>
    public ScaleSet? Find(string group, string name)
    {
        lock (_agenda.Gate)
        {
            return _sets.GetValueOrDefault(Key(group, name))?.Current;
        }
    }

    /// <summary>Lists the scale sets of a group, or of the subscription when <paramref name="group"/> is null.</summary>
    public Outcome<Listing<ScaleSet>> ListScaleSets(string? group) => Call<Listing<ScaleSet>>(CallKind.ListScaleSets, null, () =>
    {
        if (group is not null && !_groups.ContainsKey(group))
        {
            return CloudErrors.GroupNotFound(group);
        }

        var stale = Faults.Strike(FaultKind.StaleList, CallKind.ListScaleSets, null);
        ImmutableArray<ScaleSet> sets =
        [
            .. _sets.Values
                .Where(s => !s.Current.Standalone && (group is null || s.Current.Group.Equals(group, StringComparison.OrdinalIgnoreCase)))
                .Select(s => stale is null ? s.Current : s.At(Now - stale.Span)),
        ];
        return Part(sets, CallKind.ListScaleSets, null);
    });

    public Outcome<ScaleSet> GetScaleSet(string group, string name, CallKind kind = CallKind.GetScaleSet) => Call<ScaleSet>(kind, name, () =>
        _sets.TryGetValue(Key(group, name), out var state)
            ? Faults.Strike(FaultKind.StaleList, kind, name) is { } stale ? state.At(Now - stale.Span) : state.Current
            : NoSet(group, name));

    /// <summary>Lists a set's instances, those being deleted too.</summary>
    public Outcome<Listing<Instance>> ListInstances(string group, string name) => Call<Listing<Instance>>(CallKind.ListInstances, name, () =>
    {
        if (!_sets.TryGetValue(Key(group, name), out var state))
        {
            return NoSet(group, name);
        }

        var stale = Faults.Strike(FaultKind.StaleList, CallKind.ListInstances, name);
        var set = stale is null ? state.Current : state.At(Now - stale.Span);
        return Part([.. set.Instances.Values], CallKind.ListInstances, name);
    });

    public Outcome<Instance> GetInstance(string group, string name, string id) => Call<Instance>(CallKind.GetInstance, name, () =>
    {
        if (!_sets.TryGetValue(Key(group, name), out var state))
        {
            return NoSet(group, name);
        }

        if (!int.TryParse(id, out var number))
        {
            return CloudErrors.InstanceIdNotNumber;
        }

        return state.Current.Instances.TryGetValue(number, out var instance) ? instance : CloudErrors.InstanceNotFound(group, name, id);
    });

    /// <summary>Counts a client's read of something that the world does not keep itself, for example its list of sizes.</summary>
    public Outcome<T> Read<T>(CallKind kind, Func<Outcome<T>> read) => Call(kind, null, read);

    /// <summary>Every call of a client comes through here: counted, limited, struck by faults.</summary>
    private Outcome<T> Call<T>(CallKind kind, string? pool, Func<Outcome<T>> work, string? type = null)
    {
        lock (_agenda.Gate)
        {
            _requests = _requests.Count(kind);
            var delay = Faults.Strike(FaultKind.Delay, kind, pool, type)?.Span ?? TimeSpan.Zero;
            if (Faults.Strike(FaultKind.Throttle, kind, pool, type) is { } throttle)
            {
                Outcome<T> refused = CloudErrors.TooMany(Limits.PolicyOf(kind), Now, 0, 0, throttle.Span);
                return refused with { Delay = delay };
            }

            if (Faults.Strike(FaultKind.Error, kind, pool, type) is { } error)
            {
                Outcome<T> refused = new CloudError(error.Status, error.Code, error.Message);
                return refused with { Delay = delay };
            }

            if (Faults.Strike(FaultKind.TimeoutNotDone, kind, pool, type) is not null)
            {
                Outcome<T> silent = new CloudError(504, "GatewayTimeout", "The gateway did not receive a response in time.");
                return silent with { Unanswered = true };
            }

            var (refusal, left) = _limits.Take(kind, pool, Now, _options.Throttling);
            var outcome = refusal ?? work();
            return outcome with
            {
                Delay = delay,
                Limits = left,
                Unanswered = Faults.Strike(FaultKind.TimeoutDone, kind, pool, type) is not null,
            };
        }
    }

    private CloudError NoSet(string group, string name) =>
        _groups.ContainsKey(group) ? CloudErrors.SetNotFound(group, name) : CloudErrors.GroupNotFound(group);

    private Listing<T> Part<T>(ImmutableArray<T> all, CallKind kind, string? pool) =>
        Faults.Strike(FaultKind.PartialPage, kind, pool) is null ? new(all) : new(all[..(all.Length / 2)], Complete: false);

    private void Raise(InstanceEvent what, Instance instance, TimeSpan notice = default) =>
        InstanceChanged?.Invoke(new InstanceChange(what, instance, notice));

    private string NewGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        _random.NextBytes(bytes);
        bytes[7] = (byte)((bytes[7] & 0x0f) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes).ToString();
    }

    private static string Key(string group, string name) => $"{group}/{name}";

    /// <summary>A scale set's current picture, and its earlier ones for lists that lag.</summary>
    private sealed class SetState(ScaleSet first, EventScope events)
    {
        // The stalest list anyone has asked for; older pictures are let go.
        private static readonly TimeSpan Memory = TimeSpan.FromMinutes(15);

        private readonly List<(DateTimeOffset Since, ScaleSet Set)> _pictures = [(first.CreatedAt, first)];

        public ScaleSet Current { get; private set; } = first;

        public string Key { get; } = CloudWorld.Key(first.Group, first.Name);

        /// <summary>The put that now decides the capacity; a later one takes its place.</summary>
        public Work? Put { get; set; }

        public int OpenOperations { get; set; }

        /// <summary>Instances asked for and not yet listed: they use quota already.</summary>
        public int Pending { get; set; }

        public bool Deleting { get; set; }

        /// <summary>What its machines are told of; a set is one placement group here.</summary>
        public EventScope Events { get; } = events;

        public void Set(ScaleSet set, DateTimeOffset now)
        {
            Current = set;
            if (_pictures[^1].Since == now)
            {
                _pictures[^1] = (now, set);
                return;
            }

            _pictures.Add((now, set));
            if (_pictures.Count > 2000 || (_pictures.Count % 64 == 0 && _pictures[1].Since < now - Memory))
            {
                _pictures.RemoveRange(0, _pictures.Count / 2);
            }
        }

        public ScaleSet At(DateTimeOffset when)
        {
            for (var i = _pictures.Count - 1; i > 0; i--)
            {
                if (_pictures[i].Since <= when)
                {
                    return _pictures[i].Set;
                }
            }

            return _pictures[0].Set;
        }
    }
}
