using System.Collections.Immutable;
using System.Globalization;
using Ebb.Sandbox;
using Ebb.Sandbox.Cloud;

namespace Ebb.Cli.Sandboxes;

/// <summary>What there is in a new sandbox: one resource group, and the pools of its cluster.</summary>
internal static class SandboxCluster
{
    public const string ResourceGroup = "sandbox";

    public static SandboxOptions Options(SandboxSettings settings) => new()
    {
        Cloud = new CloudOptions
        {
            Accept = Seconds(0.3, 0.8, settings),
            Create = Seconds(3, 6, settings),
            Boot = Seconds(5, 9, settings),
            Stop = Seconds(1, 3, settings),
            Delete = Seconds(3, 6, settings),
        },
    };

    /// <summary>
    /// Cheap spot machines for nearly everything, and GPU machines at zero until a pod asks for one.
    /// </summary>
    public static void Furnish(ISandboxKubernetes kubernetes, SandboxSettings settings)
    {
        var cloud = kubernetes.Cloud;
        var most = Math.Min(settings.Max, kubernetes.MostMachines);
        var location = cloud.Options.Location;
        Require(cloud.PutResourceGroup(ResourceGroup, location, null));
        Put("agents", "Standard_D4s_v5", Priority.Spot, kubernetes.Machines is MachineKind.Nspawn ? 0 : 1, most);
        if (kubernetes.Machines is not MachineKind.Nspawn)
        {
            // What is under an nspawn machine has no GPU to give.
            Put("gpu", "Standard_NC4as_T4_v3", Priority.Regular, min: 0, Math.Min(4, most));
        }

        void Put(string name, string size, Priority priority, int min, int max)
        {
            var spec = new ScaleSetSpec
            {
                Size = size,
                Priority = priority,
                EvictionPolicy = EvictionPolicy.Delete,
                Capacity = min,
                Tags = ImmutableSortedDictionary<string, string>.Empty
                    .Add("ebb-min", min.ToString(CultureInfo.InvariantCulture))
                    .Add("ebb-max", max.ToString(CultureInfo.InvariantCulture))
                    .Add("ebb-idle-after", $"{(int)settings.IdleAfter.TotalSeconds}s"),
            };
            var model = spec.ToModel(location);
            if (kubernetes.CustomDataOf(name) is { } customData)
            {
                model["properties"]!["virtualMachineProfile"]!["osProfile"]!["customData"] = customData;
            }

            Require(cloud.CreateOrUpdateScaleSet(ResourceGroup, name, model));
        }
    }

    private static void Require<T>(Outcome<T> outcome)
    {
        if (outcome.Error is { } error)
        {
            throw new InvalidOperationException($"The sandbox's cloud refused its own pools: {error.Code}: {error.Message}");
        }
    }

    private static Latency Seconds(double min, double max, SandboxSettings settings) =>
        Latency.Seconds(min / settings.Speed, max / settings.Speed);
}
