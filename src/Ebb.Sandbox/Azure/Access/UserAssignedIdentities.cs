using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;

namespace Ebb.Sandbox.Azure.Access;

/// <summary>Identities that machines can be given. Each new one is a new principal, even under a name that was used before.</summary>
internal sealed class UserAssignedIdentities() : ResourceType("Microsoft.ManagedIdentity", "userAssignedIdentities")
{
    public override NameRule Names => NameRule.Identity;

    public override bool HasState => false;

    protected internal override void Complete(Writing w) => w.Model["properties"] = new JsonObject
    {
        ["tenantId"] = w.World.Options.TenantId,
        ["principalId"] = w.Old?.Properties["principalId"]?.DeepClone() ?? w.World.NewId(),
        ["clientId"] = w.Old?.Properties["clientId"]?.DeepClone() ?? w.World.NewId(),
    };

    protected internal override void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        // This provider, unlike others, writes the group's segment in lower case.
        json["id"] = resource.Id.Text.Replace("/resourceGroups/", "/resourcegroups/", StringComparison.Ordinal);
        json["tags"] ??= new JsonObject();
    }
}
