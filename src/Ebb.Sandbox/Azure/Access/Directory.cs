using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Access;

/// <summary>Which principals there are: applications that may sign in, and identities of resources.</summary>
internal static class Directory
{
    /// <summary>Whether there is such a principal and the directory has heard of it already.</summary>
    public static bool Knows(ResourceStore store, string principal)
    {
        var since = store.World.Agenda.Now - store.Options.DirectoryReplication;
        return store.Options.Apps.Any(app => Is(Principals.PrincipalOf(app.ClientId)))
            || store.OfType(IdentityJson.UserAssigned).Any(i => i.CreatedAt <= since && Is(JsonRead.Text(i.Properties["principalId"])))
            || store.All.Any(r => r.CreatedAt <= since && HasOwn(r.Model) && Is(Principals.PrincipalOf(r.Id.Text)))
            || store.World.ScaleSets.Any(s => s.CreatedAt <= since && HasOwn(s.Model) && Is(Principals.PrincipalOf(s.ResourceId)));

        bool Is(string? id) => principal.Equals(id, StringComparison.OrdinalIgnoreCase);
    }

    private static bool HasOwn(JsonObject model) =>
        JsonRead.Text(JsonRead.At(model, "identity", "type"))?.Contains("SystemAssigned", StringComparison.OrdinalIgnoreCase) == true;
}
