using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>
/// How one type of resource behaves: what it adds to what was put, what it refuses, what takes time. Everything else (paths, lists,
/// versions, names, tags, references, entity tags, locks, faults) is the same for all types. Called under the world's gate;
/// refuses by throwing <see cref="JsonRead.ModelException"/> or by the outcome.
/// </summary>
/// <param name="space">The provider's namespace.</param>
/// <param name="name">Within it, for example <c>virtualNetworks/subnets</c>.</param>
internal abstract class ResourceType(string space, string name)
{
    public string Namespace => space;

    public string Name => name;

    public string FullName { get; } = $"{space}/{name}";

    /// <summary>It exists only within a resource of the type before the last slash.</summary>
    public bool Nested => Name.Contains('/');

    /// <summary>It has a location, which is required. Default: what is not nested.</summary>
    public virtual bool Located => !Nested;

    /// <summary>It extends a scope of any kind instead of lying in a group.</summary>
    public virtual bool Extends => false;

    public virtual NameRule Names => NameRule.Common;

    public virtual ETagStyle ETags => ETagStyle.None;

    /// <summary>Its answers state a provisioningState.</summary>
    public virtual bool HasState => true;

    /// <summary>Listed among a group's resources. Default: what is not nested and extends nothing.</summary>
    public virtual bool Tracked => !Nested && !Extends;

    /// <summary>How it is followed while a write or a delete goes on.</summary>
    public virtual FollowForm Follow => FollowForm.Of(Namespace);

    /// <summary>The status of an answer that has created one.</summary>
    public virtual int CreatedStatus => 201;

    /// <summary>A delete that is done at once answers with what was deleted.</summary>
    public virtual bool EchoesDeleted => false;

    /// <summary>What clients are told of versions; every well-formed one is served.</summary>
    public virtual ImmutableArray<string> ApiVersions => ["2024-07-01", "2023-09-01", "2022-10-01", "2021-04-01"];

    /// <summary>The kind that an action is for faults, limits and counters; null: the world counts it itself.</summary>
    public virtual CallKind? KindOfAction(string action) => CallKind.ActOnResource;

    /// <summary>The kind of call that this is for faults, limits and counters.</summary>
    public virtual CallKind KindOf(string method) => method switch
    {
        "PUT" => CallKind.PutResource,
        "PATCH" => CallKind.PatchResource,
        "DELETE" => CallKind.DeleteResource,
        _ => CallKind.GetResource,
    };

    /// <summary>How long a write goes on after its answer; null: it is done with it. Default: done.</summary>
    protected internal virtual Latency? WriteTakes(Writing w) => null;

    /// <summary>How long a delete goes on after its answer; null: it is done with it. Default: done.</summary>
    protected internal virtual Latency? DeleteTakes(Resource resource) => null;

    /// <summary>The state shown while a write goes on.</summary>
    protected internal virtual ProvisioningState StateDuring(Writing w) => w.Old is null ? ProvisioningState.Creating : ProvisioningState.Updating;

    /// <summary>What a write starts from. Default: a PUT replaces, a PATCH merges; null members are as good as absent.</summary>
    protected internal virtual JsonObject Merge(Resource? old, JsonObject body, bool patch) => ResourceModel.Merge(patch ? old!.Model : null, body);

    /// <summary>Checks the model and adds the defaults and computed members that are kept; takes out what only answers have.</summary>
    protected internal abstract void Complete(Writing w);

    /// <summary>Why the world would refuse a completed write, for those who ask beforehand; null when it would not.</summary>
    protected internal virtual CloudError? Foresee(Writing w, QuotaClaims claims) => null;

    /// <summary>What there was and what there would be, whole, for those who ask what a completed write would change.</summary>
    protected internal virtual (JsonObject? Before, JsonObject After) Compared(Writing w) => (w.Old?.Model, w.Model);

    /// <summary>Carries a write that is otherwise accepted out in the world; the operation to follow when the world works on.</summary>
    protected internal virtual Outcome<Operation?> Write(Writing w) => new();

    /// <summary>The resource is in the store: what follows from it for others, for example what is nested in its body.</summary>
    protected internal virtual void Written(Writing w, Resource resource)
    {
    }

    /// <summary>Why it cannot be deleted; null when it can. <paramref name="users"/> are the ids of what refers to it.</summary>
    protected internal virtual CloudError? Refuse(ResourceStore store, Resource resource, IReadOnlyList<string> users) => null;

    /// <summary>Carries an accepted delete out in the world; the operation to follow when the world works on.</summary>
    protected internal virtual Outcome<Operation?> Delete(ResourceStore store, Resource resource, ArmRequest r) => new();

    /// <summary>It is out of the store.</summary>
    protected internal virtual void Deleted(ResourceStore store, Resource resource)
    {
    }

    /// <summary>Completes an answer that already has what was kept, id, name, type, etag and state.</summary>
    protected internal virtual void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
    }

    /// <summary>Answers GET of a part that is no resource, or POST of an action; null when there is no such thing.</summary>
    protected internal virtual ArmReply? Below(ResourceStore store, Resource resource, string part, ArmRequest r) => null;

    /// <summary>What a list shows. Default: those of the scope, by id.</summary>
    protected internal virtual IEnumerable<Resource> List(ResourceStore store, string scope, ArmRequest r) => store.OfType(FullName, scope);

    /// <summary>Answers what else belongs to this type and is no resource of it, for example a check of names; null: nothing.</summary>
    protected internal virtual ArmReply? Elsewhere(ResourceStore store, ArmRequest r) => null;
}
