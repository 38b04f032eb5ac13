namespace Ebb.Sandbox.Cloud;

public sealed partial class CloudWorld
{
    private TimeSpan _machineTime;
    private decimal _cost;

    /// <summary>What all machines cost so far. A stopped machine is paid for like a running one, a deallocated one is not.</summary>
    public Bill Bill
    {
        get
        {
            lock (_agenda.Gate)
            {
                var (time, cost) = (_machineTime, _cost);
                foreach (var instance in _sets.Values.SelectMany(s => s.Current.Instances.Values))
                {
                    if (instance.PaidSince is { } since)
                    {
                        time += Now - since;
                        cost += PriceOf(instance, Now - since);
                    }
                }

                return new Bill(time.TotalHours, cost);
            }
        }
    }

    private Instance Pay(Instance instance)
    {
        if (instance.PaidSince is { } since)
        {
            _machineTime += Now - since;
            _cost += PriceOf(instance, Now - since);
        }

        return instance with { PaidSince = null };
    }

    private decimal PriceOf(Instance instance, TimeSpan time)
    {
        var size = SizeOf(instance.Size);
        var price = instance.Priority == Priority.Spot ? size.SpotPrice ?? size.Price : size.Price;
        return price * (decimal)time.TotalHours;
    }
}

/// <param name="Cost">US dollars.</param>
public sealed record Bill(double MachineHours, decimal Cost);
