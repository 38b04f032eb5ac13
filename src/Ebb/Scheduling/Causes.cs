namespace Ebb.Scheduling;

/// <summary>What forbids a pod a node; several may at once.</summary>
[Flags]
internal enum Causes
{
    None = 0,
    Cordoned = 1 << 0,
    Taint = 1 << 1,
    Selector = 1 << 2,
    Volume = 1 << 3,
    Ports = 1 << 4,
    Cpu = 1 << 5,
    Memory = 1 << 6,
    EphemeralStorage = 1 << 7,
    Pods = 1 << 8,
    Extended = 1 << 9,
    Spread = 1 << 10,
    Affinity = 1 << 11,
    AntiAffinity = 1 << 12,

    /// <summary>Not enough of something, as opposed to the wrong kind of node.</summary>
    Resources = Cpu | Memory | EphemeralStorage | Pods | Extended,
}
