using Ebb.Sandbox.Azure.Access;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>Locks against deleting, or against any change, of a scope and all below it.</summary>
internal sealed class Locks() : ResourceType("Microsoft.Authorization", "locks")
{
    private const string Type = "Microsoft.Authorization/locks";
    private const string ReadOnly = "ReadOnly";
    private const string NoDelete = "CanNotDelete";

    public override bool Extends => true;

    public override bool Located => false;

    public override bool Tracked => false;

    public override bool HasState => false;

    public override NameRule Names => NameRule.Any;

    /// <summary>The refusal of a change that a lock forbids; null when none does.</summary>
    public static CloudError? Refuse(ResourceStore store, ArmRequest r, ArmAction? action) =>
        r.Method is "GET" or "HEAD" || action is null || action.Name.StartsWith(Type + "/", StringComparison.Ordinal)
            ? null
            : Forbidding(store, action.Scope, r.Method == "DELETE");

    private static CloudError? Forbidding(ResourceStore store, string scope, bool delete)
    {
        var key = scope.ToLowerInvariant();

        // A lock is inherited downwards, and what holds a locked thing cannot be deleted either.
        var locked = store.OfType(Type)
            .Where(l => IsOrBelow(key, l.Id.Scope) || (delete && IsOrBelow(l.Id.Scope.ToLowerInvariant(), scope)))
            .FirstOrDefault(l => delete || ReadOnly.Equals(JsonRead.Text(l.Properties["level"]), StringComparison.OrdinalIgnoreCase));
        return locked is null
            ? null
            : new CloudError(409, "ScopeLocked",
                $"The scope '{scope}' cannot perform {(delete ? "delete" : "write")} operation because following scope(s) are locked: '{locked.Id.Scope}'. Please remove the lock and try again.");
    }

    protected internal override void Complete(Writing w)
    {
        var level = JsonRead.OptionalText(w.Properties, "level") ?? throw JsonRead.Required("properties.level");
        w.Properties["level"] = JsonRead.Is(level, ReadOnly) ? ReadOnly
            : JsonRead.Is(level, NoDelete) ? NoDelete
            : throw JsonRead.Refuse("InvalidLockLevel", $"The lock level '{level}' is not valid. Allowed values are 'CanNotDelete', 'ReadOnly'.");
    }

    // Those of the scope, above it and below it.
    protected internal override IEnumerable<Resource> List(ResourceStore store, string scope, ArmRequest r) =>
        store.OfType(FullName).Where(l => IsOrBelow(l.Id.Key, scope) || IsOrBelow(scope.ToLowerInvariant(), l.Id.Scope));

    private static bool IsOrBelow(string key, string scope) =>
        key.Equals(scope, StringComparison.OrdinalIgnoreCase) || key.StartsWith(scope + "/", StringComparison.OrdinalIgnoreCase);
}
