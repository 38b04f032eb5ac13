using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Views;

/// <summary>
/// Adds up what a pod requests: all containers and sidecars together, or, if more, the neediest init container with the
/// sidecars that were started before it; plus overhead.
/// </summary>
internal static class PodRequests
{
    public static Amounts Of(JsonNode? spec)
    {
        var running = Amounts.None;
        foreach (var container in spec.Objects("containers"))
        {
            running = Add(running, RequestOf(container));
        }

        var sidecars = Amounts.None;
        var starting = Amounts.None;
        foreach (var init in spec.Objects("initContainers"))
        {
            var request = RequestOf(init);
            if (IsSidecar(init))
            {
                sidecars = sidecars.Plus(request);
                starting = starting.Max(sidecars);
            }
            else
            {
                starting = starting.Max(sidecars.Plus(request));
            }
        }

        var total = sidecars.IsNone ? running : running.Plus(sidecars);
        total = starting.IsNone ? total : total.Max(starting);
        if (spec.At("resources") is { } ofPod)
        {
            total = Override(total, RequestOf(ofPod));
        }

        return Add(total, Amounts.Read(spec.At("overhead")));
    }

    public static (long CpuMilli, long MemoryBytes) ForScoring(JsonNode? spec, long defaultCpuMilli, long defaultMemoryBytes)
    {
        long cpu = 0, memory = 0;
        foreach (var container in spec.Objects("containers"))
        {
            var request = RequestOf(container);
            cpu += request.CpuMilli == 0 ? defaultCpuMilli : request.CpuMilli;
            memory += request.MemoryBytes == 0 ? defaultMemoryBytes : request.MemoryBytes;
        }

        var exact = Of(spec);
        return (Math.Max(cpu, exact.CpuMilli), Math.Max(memory, exact.MemoryBytes));
    }

    /// <summary>An init container that goes on running beside the others.</summary>
    public static bool IsSidecar(JsonNode initContainer) => initContainer.Text("restartPolicy") == "Always";

    /// <summary>A resource with a limit only requests that limit.</summary>
    private static Amounts RequestOf(JsonNode container)
    {
        var resources = container.At("resources") ?? container;
        var requests = Amounts.Read(resources.At("requests"));
        if (resources.At("limits") is not JsonObject limits)
        {
            return requests;
        }

        var asked = resources.At("requests") as JsonObject;
        var unasked = new JsonObject();
        foreach (var (name, value) in limits)
        {
            if (asked?.ContainsKey(name) != true)
            {
                unasked[name] = value?.DeepClone();
            }
        }

        return Add(requests, Amounts.Read(unasked));
    }

    private static Amounts Override(Amounts total, Amounts ofPod) => total with
    {
        CpuMilli = ofPod.CpuMilli > 0 ? ofPod.CpuMilli : total.CpuMilli,
        MemoryBytes = ofPod.MemoryBytes > 0 ? ofPod.MemoryBytes : total.MemoryBytes,
    };

    private static Amounts Add(Amounts sum, Amounts more) => sum.IsNone ? more : more.IsNone ? sum : sum.Plus(more);
}
