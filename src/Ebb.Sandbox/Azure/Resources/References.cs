using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>The ids of other resources that a body names, and whether they are there.</summary>
internal static class References
{
    private const string Identities = "userAssignedIdentities";

    /// <summary>Every member <c>id</c> that is text, and every user-assigned identity, each with its way through the body.</summary>
    public static IEnumerable<(string Path, string Id)> In(JsonNode? model) => model is null ? [] : In(model, "");

    /// <summary>Why a reference of <paramref name="model"/> does not hold; null when all do.</summary>
    public static CloudError? Broken(ResourceStore store, ResourceId self, JsonObject model)
    {
        foreach (var (path, text) in In(model))
        {
            if (!text.StartsWith('/'))
            {
                return new CloudError(400, "LinkedInvalidPropertyId",
                    $"Property id '{text}' at path '{path}' is invalid. Expect fully qualified resource Id that start with " +
                    "'/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'.");
            }

            if (Missing(store, self, text))
            {
                if (path.EndsWith(Identities, StringComparison.OrdinalIgnoreCase))
                {
                    return new CloudError(400, "FailedIdentityOperation",
                        $"Identity operation for resource '{self}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. " +
                        $"Response: '{{\"error\":{{\"code\":\"BadRequest\",\"message\":\"Resource '{text}' was not found.\"}}}}'.'.");
                }

                return new CloudError(400, "InvalidResourceReference",
                    $"Resource {text} referenced by resource {self} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.");
            }
        }

        return null;
    }

    /// <summary>The resource that an id names, or that the part named by it belongs to.</summary>
    public static ResourceId? Owner(ResourceStore store, string text)
    {
        for (var id = ResourceId.Parse(text); id is not null; id = id.Parent)
        {
            if (store.TypeOf(id.FullType) is not null)
            {
                return id;
            }
        }

        return null;
    }

    // What no provider here keeps is not looked for.
    private static bool Missing(ResourceStore store, ResourceId self, string text) =>
        Owner(store, text) is { } owner
        && owner != self
        && !owner.Key.StartsWith(self.Key + "/", StringComparison.Ordinal)
        && store.Find(owner) is null;

    private static IEnumerable<(string Path, string Id)> In(JsonNode node, string path)
    {
        switch (node)
        {
            case JsonObject o:
                foreach (var (name, value) in o)
                {
                    var at = path.Length == 0 ? name : $"{path}.{name}";
                    if (name.Equals("id", StringComparison.OrdinalIgnoreCase) && JsonRead.Text(value) is { Length: > 0 } id)
                    {
                        yield return (at, id);
                    }
                    else if (name.Equals(Identities, StringComparison.OrdinalIgnoreCase) && value is JsonObject identities)
                    {
                        foreach (var (identity, _) in identities)
                        {
                            yield return (at, identity);
                        }
                    }
                    else if (value is not null)
                    {
                        foreach (var found in In(value, at))
                        {
                            yield return found;
                        }
                    }
                }

                break;
            case JsonArray a:
                for (var i = 0; i < a.Count; i++)
                {
                    foreach (var found in a[i] is { } item ? In(item, $"{path}[{i}]") : [])
                    {
                        yield return found;
                    }
                }

                break;
        }
    }
}
