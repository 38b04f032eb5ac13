using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation.Worlds;

namespace Ebb.Simulation.Scenarios;

/// <summary>Writes down all that happens in a world, or only a digest of it: two runs are the same when these are.</summary>
internal sealed class Journal
{
    // FNV-1a: string.GetHashCode differs from process to process.
    private const ulong Offset = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    private readonly World _world;
    private readonly Action<string>? _write;
    private ulong _digest = Offset;

    public Journal(World world, Action<string>? write)
    {
        _world = world;
        _write = write;
        world.Kubernetes.Store.Subscribe(See);
        world.Cloud.InstanceChanged += change => Add($"{change.Event} {change.Instance.Name} {change.Instance.Provisioning}");
    }

    public string Digest => $"{_digest:x16}";

    public void Add(string what)
    {
        Mix(_world.Now.Ticks);
        foreach (var c in what)
        {
            Mix(c);
        }

        _write?.Invoke($"{_world.Elapsed:hh\\:mm\\:ss\\.fff} {what}");
    }

    private void See(StoreEvent change)
    {
        Mix(_world.Now.Ticks);
        Mix(change.Object.ResourceVersion);
        Mix((int)change.Type);
        foreach (var c in change.Object.Name)
        {
            Mix(c);
        }

        if (_write is not null && !change.Object.Kind.Equals(Kinds.Lease))
        {
            _write($"{_world.Elapsed:hh\\:mm\\:ss\\.fff} {change.Type} {change.Object} {Summary(change)}");
        }
    }

    private static string Summary(StoreEvent change)
    {
        var json = change.Object.Json;
        if (change.Object.Kind.Equals(Kinds.Pod))
        {
            return $"{json["status"]?["phase"]} on {json["spec"]?["nodeName"]} {(change.Object.Deleting ? "deleting" : "")}";
        }

        return change.Object.Kind.Equals(Kinds.Node) ? $"{json["spec"]?["taints"]?.ToJsonString()} {json["metadata"]?["annotations"]?.ToJsonString()}" : "";
    }

    private void Mix(long value) => _digest = (_digest ^ (ulong)value) * Prime;
}
