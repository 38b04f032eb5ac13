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

    /// <summary>The refusal of a change to a resource, a group (by <paramref name="scope"/>) or what lies below; null when no lock forbids it.</summary>
    public static CloudError? Forbidding(ResourceStore store, string scope, bool delete)
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

    public static CloudError? Forbidding(ResourceStore store, ResourceId id, bool delete) =>
        Is(id) ? null : Forbidding(store, id.Text, delete);

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

    private static bool Is(ResourceId id) => id.FullType.Equals(Type, StringComparison.OrdinalIgnoreCase);

    private static bool IsOrBelow(string key, string scope) =>
        key.Equals(scope, StringComparison.OrdinalIgnoreCase) || key.StartsWith(scope + "/", StringComparison.OrdinalIgnoreCase);
}
