using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>
/// The templates that a StatefulSet or a DaemonSet has had, as ControllerRevisions: numbered, and one that is wanted again
/// becomes the newest.
/// </summary>
/// <param name="hashLabel">Under which the revision carries its hash.</param>
internal sealed class Revisions(ControllerContext context, string hashLabel)
{
    private const int KeptByDefault = 10;

    /// <summary>All of them, oldest first; the last is that of the template as it is now.</summary>
    public List<KubeObject> Update(KubeObject set)
    {
        var all = context.Claim(set, Kinds.ControllerRevision).OrderBy(NumberOf).ToList();
        var template = set.Json["spec"].At("template");
        var newest = all.Count == 0 ? 0 : NumberOf(all[^1]);
        var same = all.FindLast(revision => PodTemplate.Same(TemplateOf(revision), template));
        if (set.Deleting)
        {
            return all;
        }

        if (same is null)
        {
            if (context.TryCreate(Kinds.ControllerRevision, New(set, template, newest + 1), set) is { } created)
            {
                all.Add(created);
            }
        }
        else if (!ReferenceEquals(same, all[^1]))
        {
            all.Remove(same);
            all.Add(context.Store.Update(same, json => json["revision"] = newest + 1));
        }

        return all;
    }

    /// <summary>Deletes the oldest that nothing uses any more, beyond as many as are to be kept.</summary>
    public void Prune(KubeObject set, List<KubeObject> all, Func<KubeObject, bool> isUsed)
    {
        var kept = (int)Math.Clamp(set.Json["spec"].Number("revisionHistoryLimit") ?? KeptByDefault, 0, int.MaxValue);
        var unused = all.SkipLast(1).Where(revision => !isUsed(revision)).ToList();
        foreach (var revision in unused.Take(Math.Max(0, unused.Count - kept)))
        {
            context.Store.Delete(revision.Kind, revision.Namespace, revision.Name, DeleteOptions.Default);
        }
    }

    public string HashOf(KubeObject revision) => revision.Metadata.At("labels").Text(hashLabel) ?? "";

    public static JsonNode? TemplateOf(KubeObject revision)
    {
        var template = revision.Json.At("data", "spec", "template")?.DeepClone();
        template?.AsObject().Remove("$patch");
        return template;
    }

    private static long NumberOf(KubeObject revision) => revision.Json.Number("revision") ?? 0;

    private JsonObject New(KubeObject set, JsonNode? template, long number)
    {
        var hash = PodTemplate.Hash(template);
        var labels = template.At("metadata", "labels")?.DeepClone().AsObject() ?? [];
        labels[hashLabel] = hash;
        var patch = template?.DeepClone().AsObject() ?? [];
        patch["$patch"] = "replace";
        var revision = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = Templates.Prefix(set.Name) + hash,
                ["namespace"] = set.Namespace,
                ["labels"] = labels,
                ["ownerReferences"] = new JsonArray(Templates.OwnedBy(set)),
            },
            ["data"] = new JsonObject { ["spec"] = new JsonObject { ["template"] = patch } },
            ["revision"] = number,
        };
        if (set.Metadata.At("annotations") is { } annotations)
        {
            revision["metadata"]!["annotations"] = annotations.DeepClone();
        }

        return revision;
    }
}
