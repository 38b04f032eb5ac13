using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Reads all that a container has written, oldest first; <paramref name="previous"/>: in its run before this one.</summary>
public delegate IReadOnlyList<LogLine>? ReadLog(KubeObject pod, string container, bool previous);

/// <summary>What part of a log is wanted.</summary>
public sealed record LogOptions
{
    public bool Follow { get; init; }

    public bool Previous { get; init; }

    public bool Timestamps { get; init; }

    public long? TailLines { get; init; }

    public DateTimeOffset? Since { get; init; }

    public long? LimitBytes { get; init; }

    /// <summary>The lines of a log that are wanted, each with its newline.</summary>
    public string Format(IReadOnlyList<LogLine> lines, int skip = 0)
    {
        var wanted = lines.Skip(skip).Where(line => Since is null || line.At >= Since).ToList();
        if (TailLines is { } tail && wanted.Count > tail && skip == 0)
        {
            wanted.RemoveRange(0, wanted.Count - (int)Math.Max(0, tail));
        }

        var text = string.Concat(wanted.Select(line =>
            Timestamps ? $"{Store.Timestamps.Micros(line.At)} {line.Text}\n" : line.Text + "\n"));
        return LimitBytes is { } most && text.Length > most ? text[..(int)most] : text;
    }
}
