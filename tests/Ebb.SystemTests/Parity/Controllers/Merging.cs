using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>Merge patches (RFC 7396), with which scenarios say only what is special about an object.</summary>
internal static class Merging
{
    public static JsonObject Into(JsonObject target, JsonObject? patch)
    {
        foreach (var (name, value) in patch ?? [])
        {
            if (value is null)
            {
                target.Remove(name);
            }
            else if (value is JsonObject part && target[name] is JsonObject inner)
            {
                Into(inner, part);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }

        return target;
    }
}
