using Ebb.Clouds;
using Ebb.Pools;

namespace Ebb.Acting;

/// <summary>What came of acting on a plan.</summary>
public sealed class Acted
{
    /// <summary>Pools of which it is not known what became of a request: nothing is to be asked before they are read again.</summary>
    public HashSet<string> Doubtful { get; } = [];

    /// <summary>The capacities that the cloud has agreed to, by pool.</summary>
    public Dictionary<string, int> Grown { get; } = [];

    /// <summary>Machines that the cloud has agreed to remove.</summary>
    public List<Machine> Removed { get; } = [];

    /// <summary>Machines that the cloud has agreed to shield (true), or to shield no longer.</summary>
    public List<(Machine Machine, bool Shielded)> Shields { get; } = [];

    /// <summary>False when something failed, or is held back since it did. Shields do not count: they are put on as the cloud allows it.</summary>
    public bool Complete { get; private set; } = true;

    /// <summary>When the first of what was not done may be tried again; null when all was done.</summary>
    public DateTimeOffset? LookAgainAt { get; private set; }

    /// <summary>Notes that are written now; null: forgotten.</summary>
    public Dictionary<string, string?> Notes { get; } = [];

    /// <summary>Growth that the cloud refused at once, by pool.</summary>
    public List<(string Pool, GrowFailure Failure)> Failures { get; } = [];

    internal void HeldUntil(DateTimeOffset at)
    {
        Complete = false;
        LookAgain(at);
    }

    internal void LookAgain(DateTimeOffset at) => LookAgainAt = LookAgainAt is { } by && by < at ? by : at;
}
