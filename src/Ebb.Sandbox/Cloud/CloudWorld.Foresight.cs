using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Cloud;

// What would be refused, told without doing it. Nothing is changed, and it is not counted as a request.
public sealed partial class CloudWorld
{
    /// <summary>What a PUT of a scale set would make, and why it would be refused.</summary>
    internal Foreseen ForeseeScaleSet(string group, string name, JsonObject body, QuotaClaims claims)
    {
        lock (_agenda.Gate)
        {
            var state = _sets.GetValueOrDefault(Key(group, name));
            var old = state?.Current;
            var now = old?.ModelNow;
            var model = ScaleSetModel.Merge(now, body);
            var read = ScaleSetModel.Read(model, _options);
            var error = read.Error ?? Forbidden(old, read.Value!, model);
            if (error is null && read.Value!.Capacity > (old?.Capacity ?? 0))
            {
                var more = Math.Max(0, read.Value.Capacity - (old?.Instances.Values.Count(i => i.Counts) ?? 0));
                error = OverQuota(read.Value, more, state, claims) ?? SoldOut(read.Value, ScaleSet.ResourceIdOf(_options.SubscriptionId, group, name));
            }

            return new Foreseen(error, now, error is null ? model : null);
        }
    }
}
