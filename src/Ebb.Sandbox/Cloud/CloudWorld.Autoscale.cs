using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Cloud;

// The cloud's own metrics and autoscale.
public sealed partial class CloudWorld
{
    // How often metrics are taken and settings are looked at.
    private static readonly TimeSpan MetricGrain = TimeSpan.FromMinutes(1);

    // The longest window a rule may ask for.
    private static readonly TimeSpan MetricMemory = TimeSpan.FromHours(12);

    private readonly SortedDictionary<string, AutoscaleSetting> _autoscale = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<CpuSample>> _cpu = new(StringComparer.OrdinalIgnoreCase);
    private Func<Instance, double>? _cpuPercent;
    private bool _measuring;

    /// <summary>How busy a running machine is, in percent of all its CPUs; asked every minute, under the gate.</summary>
    /// <remarks>Until it is set there are no metrics, and a world without autoscale settings leaves the clock alone.</remarks>
    public Func<Instance, double>? CpuPercent
    {
        get => _cpuPercent;
        set
        {
            lock (_agenda.Gate)
            {
                _cpuPercent = value;
                Measure();
            }
        }
    }

    /// <summary>All settings; not counted as a request.</summary>
    public ImmutableArray<AutoscaleSetting> AutoscaleSettings
    {
        get
        {
            lock (_agenda.Gate)
            {
                return [.. _autoscale.Values];
            }
        }
    }

    public Outcome<AutoscaleSetting> PutAutoscale(string group, string name, JsonObject body, bool patch = false) =>
        Call<AutoscaleSetting>(CallKind.PutAutoscale, null, () =>
        {
            if (!_groups.TryGetValue(group, out var owner))
            {
                return CloudErrors.GroupNotFound(group);
            }

            var existing = _autoscale.GetValueOrDefault(Key(group, name));
            if (patch && existing is null)
            {
                return NoAutoscale(group, name);
            }

            // Unlike a scale set's, this resource is replaced by a put.
            var read = AutoscaleSetting.Read(_options.SubscriptionId, owner.Name, existing?.Name ?? name, ScaleSetModel.Merge(patch ? existing!.Model : null, body));
            if (!read.Ok)
            {
                return read.Error;
            }

            var other = _autoscale.Values.FirstOrDefault(s =>
                s.TargetResourceId.Equals(read.Value.TargetResourceId, StringComparison.OrdinalIgnoreCase) && s.ResourceId != read.Value.ResourceId);
            if (other is not null)
            {
                return new CloudError(409, "Conflict", $"The resource '{read.Value.TargetResourceId}' is already the target of the autoscale setting '{other.Name}'.");
            }

            var setting = _autoscale[Key(group, name)] = read.Value with { LastScaledAt = existing?.LastScaledAt, Created = existing is null };
            Measure();
            return setting;
        });

    public Outcome<AutoscaleSetting> GetAutoscale(string group, string name) => Call<AutoscaleSetting>(CallKind.GetAutoscale, null, () =>
        _autoscale.TryGetValue(Key(group, name), out var setting) ? setting : NoAutoscale(group, name));

    public Outcome<Listing<AutoscaleSetting>> ListAutoscale(string? group) => Call<Listing<AutoscaleSetting>>(CallKind.GetAutoscale, null, () =>
    {
        if (group is not null && !_groups.ContainsKey(group))
        {
            return CloudErrors.GroupNotFound(group);
        }

        return new Listing<AutoscaleSetting>(
            [.. _autoscale.Values.Where(s => group is null || s.Group.Equals(group, StringComparison.OrdinalIgnoreCase))]);
    });

    /// <returns>Whether there was one.</returns>
    public Outcome<bool> DeleteAutoscale(string group, string name) => Call<bool>(CallKind.DeleteAutoscale, null, () =>
        _groups.ContainsKey(group) ? _autoscale.Remove(Key(group, name)) : CloudErrors.GroupNotFound(group));

    /// <summary>Reads what was measured of a set's machines in a span of time.</summary>
    public Outcome<Listing<CpuSample>> GetCpu(string group, string name, DateTimeOffset from, DateTimeOffset to) =>
        Call<Listing<CpuSample>>(CallKind.GetMetrics, name, () =>
        {
            if (!_sets.ContainsKey(Key(group, name)))
            {
                return NoSet(group, name);
            }

            var samples = _cpu.GetValueOrDefault(Key(group, name)) ?? [];
            return new Listing<CpuSample>([.. samples.Where(s => s.At > from && s.At <= to)]);
        });

    private static CloudError NoAutoscale(string group, string name) =>
        CloudErrors.ResourceNotFound($"microsoft.insights/autoscalesettings/{name}", group);

    private void Measure()
    {
        if (!_measuring && (_cpuPercent is not null || _autoscale.Count > 0))
        {
            _measuring = true;
            _agenda.In(MetricGrain, Tick);
        }
    }

    private void Tick()
    {
        foreach (var state in _sets.Values)
        {
            Sample(state);
        }

        foreach (var (key, setting) in _autoscale.ToList())
        {
            if (setting.Enabled && Scale(setting))
            {
                _autoscale[key] = setting with { LastScaledAt = Now };
            }
        }

        _measuring = false;
        Measure();
    }

    private void Sample(SetState state)
    {
        if (_cpuPercent is null)
        {
            return;
        }

        if (!_cpu.TryGetValue(state.Key, out var samples))
        {
            _cpu[state.Key] = samples = [];
        }

        var running = state.Current.Instances.Values.Where(i => i.Power == PowerState.Running);
        samples.Add(new CpuSample(Now, [.. running.Select(i => (i.Name, Math.Clamp(_cpuPercent(i), 0, 100)))]));
        if (samples[0].At < Now - MetricMemory)
        {
            samples.RemoveAt(0);
        }
    }

    private bool Scale(AutoscaleSetting setting)
    {
        var state = _sets.Values.FirstOrDefault(s => s.Current.ResourceId.Equals(setting.TargetResourceId, StringComparison.OrdinalIgnoreCase));
        if (state is null || state.Deleting || Autoscale.InForce(setting.Profiles, Now) is not { } profile)
        {
            return false;
        }

        var set = state.Current;
        var wanted = Autoscale.Decide(profile, set.Capacity, _cpu.GetValueOrDefault(state.Key) ?? [], setting.LastScaledAt, Now);

        // The cloud's own hand: neither counted as a client's request nor struck by a client's faults.
        return wanted != set.Capacity && Resize(set.Group, set.Name, wanted, ifMatch: null).Ok;
    }
}
