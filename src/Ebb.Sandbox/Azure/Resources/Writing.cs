using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>One PUT or PATCH on its way into the store.</summary>
internal sealed class Writing(ResourceStore store, ResourceId id, Resource? old, JsonObject model, ArmRequest request)
{
    public ResourceStore Store => store;

    public CloudWorld World => store.World;

    public ResourceId Id => id;

    /// <summary>What was there; null when this creates it.</summary>
    public Resource? Old => old;

    /// <summary>What is to be kept, a type's to change freely: the body for a PUT, the old model with the body merged in for a PATCH.</summary>
    public JsonObject Model => model;

    public ArmRequest Request => request;

    public bool Patch => request.Method == "PATCH";

    /// <summary>The model's properties; an empty object is put where there are none.</summary>
    public JsonObject Properties
    {
        get
        {
            if (Model["properties"] is JsonObject properties)
            {
                return properties;
            }

            var made = Empty();
            Model["properties"] = made;
            return made;
        }
    }

    /// <summary>An object whose members are found in any casing, as those of a body are.</summary>
    public static JsonObject Empty() => new(new JsonNodeOptions { PropertyNameCaseInsensitive = true });
}
