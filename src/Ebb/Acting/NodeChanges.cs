using Ebb.Planning;

namespace Ebb.Acting;

/// <summary>What decisions mean for the marks that nodes bear; all that concerns one node is one change.</summary>
internal static class NodeChanges
{
    public static IReadOnlyDictionary<string, NodeChange> Of(IEnumerable<Decision> decisions, DateTimeOffset now)
    {
        var changes = new Dictionary<string, NodeChange>();
        foreach (var decision in decisions)
        {
            switch (decision)
            {
                case Decision.Steer steer:
                    Mark(steer.Node, "PreferNoSchedule", now);
                    break;
                case Decision.Cordon cordon:
                    Mark(cordon.Node, "NoSchedule", now);
                    break;
                case Decision.Release release:
                    Mark(release.Node, "", null);
                    Annotate(release.Node, Marks.Removing, null);
                    break;
                case Decision.NoteIdle note:
                    Annotate(note.Node, Marks.IdleSince, note.Since);
                    break;
            }
        }

        return changes;

        void Mark(string node, string effect, DateTimeOffset? since)
        {
            changes[node] = Change(node) with { Retiring = effect };
            Annotate(node, Marks.RetiringSince, since);
        }

        void Annotate(string node, string key, DateTimeOffset? at) =>
            changes[node] = Change(node) with
            {
                Annotations = new Dictionary<string, string?>(Change(node).Annotations) { [key] = at is { } when ? Rfc3339(when) : null },
            };

        NodeChange Change(string node) => changes.GetValueOrDefault(node) ?? new NodeChange();
    }

    public static string Rfc3339(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
}
