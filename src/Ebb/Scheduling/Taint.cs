namespace Ebb.Scheduling;

/// <summary>A mark on a node that keeps pods away which do not tolerate it.</summary>
public sealed record Taint(string Key, string Value, TaintEffect Effect);

public enum TaintEffect
{
    NoSchedule,
    PreferNoSchedule,
    NoExecute,
}
