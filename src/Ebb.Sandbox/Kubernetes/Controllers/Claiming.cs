using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>A workload and its own: what its selector no longer matches is let go, strays that it matches are adopted.</summary>
internal static class Claiming
{
    /// <param name="fits">What may be let go or adopted; the others stay as they are.</param>
    /// <returns>All of the kind that the owner now controls.</returns>
    public static List<KubeObject> Claim(
        this ControllerContext context, KubeObject owner, Kind kind, Func<KubeObject, bool>? fits = null)
    {
        var selector = Strays.SelectorOf(owner);
        var claimed = new List<KubeObject>();
        foreach (var item in context.Store.OwnedBy(owner.Uid))
        {
            if (item.Kind != kind || Strays.OwnerOf(item)?.Uid != owner.Uid)
            {
                continue;
            }

            if (selector?.Matches(Strays.LabelsOf(item)) == true || owner.Deleting || item.Deleting || fits?.Invoke(item) == false)
            {
                claimed.Add(item);
            }
            else
            {
                context.Store.Update(item, json => LetGo(json, owner));
            }
        }

        if (!owner.Deleting && selector is not null)
        {
            foreach (var item in context.Strays.In(kind, owner.Namespace))
            {
                if (selector.Matches(Strays.LabelsOf(item)) && fits?.Invoke(item) != false)
                {
                    claimed.Add(context.Store.Update(item, json => Adopt(json, owner)));
                }
            }
        }

        return claimed;
    }

    private static void Adopt(JsonObject json, KubeObject owner)
    {
        var metadata = json["metadata"]!.AsObject();
        if (metadata["ownerReferences"] is not JsonArray owners)
        {
            metadata["ownerReferences"] = owners = [];
        }

        owners.Add(Templates.OwnedBy(owner));
    }

    private static void LetGo(JsonObject json, KubeObject owner)
    {
        var metadata = json["metadata"]!.AsObject();
        var kept = metadata.Objects("ownerReferences").Where(reference => reference.Text("uid") != owner.Uid).ToList();
        if (kept.Count == 0)
        {
            metadata.Remove("ownerReferences");
        }
        else
        {
            metadata["ownerReferences"] = new JsonArray([.. kept.Select(reference => reference.DeepClone())]);
        }
    }
}
