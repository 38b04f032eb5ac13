using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>All resources that the world does not keep itself, and the types that they can be of. Used under the world's gate.</summary>
internal sealed class ResourceStore(CloudWorld world, AzureFaceOptions options)
{
    private readonly SortedDictionary<string, Resource> _resources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ResourceType> _types = new(StringComparer.OrdinalIgnoreCase);

    public CloudWorld World => world;

    public AzureFaceOptions Options => options;

    /// <summary>Ordered by id.</summary>
    public ImmutableArray<Resource> All => [.. _resources.Values];

    public IEnumerable<ResourceType> Types => _types.Values;

    public Registrations Registrations { get; } = new(world, options);

    public string Subscription => $"/subscriptions/{world.Options.SubscriptionId}";

    public void Register(params IEnumerable<ResourceType> types)
    {
        foreach (var type in types)
        {
            _types.Add(type.FullName, type);
        }
    }

    /// <param name="fullType">Namespace and type, for example <c>Microsoft.Network/virtualNetworks/subnets</c>.</param>
    public ResourceType? TypeOf(string fullType) => _types.GetValueOrDefault(fullType);

    public Resource? Find(ResourceId id) => _resources.GetValueOrDefault(id.Key);

    public Resource? Find(string? id) => id is not null && ResourceId.Parse(id) is { } parsed ? Find(parsed) : null;

    public bool TryFind(ResourceId id, [NotNullWhen(true)] out Resource? resource) => _resources.TryGetValue(id.Key, out resource);

    /// <summary>The resources of a type in a scope; null: everywhere. What lies in groups lies in their subscription too.</summary>
    public IEnumerable<Resource> OfType(string fullType, string? scope = null) => _resources.Values.Where(r =>
        r.Type.FullName.Equals(fullType, StringComparison.OrdinalIgnoreCase) && (scope is null || IsWithin(r.Id, scope)));

    /// <summary>Those nested in a resource, or extending it, however deep.</summary>
    public IEnumerable<Resource> Below(ResourceId id) => _resources.Values.Where(r => r.Id.Key.StartsWith(id.Key + "/", StringComparison.Ordinal));

    public static bool IsWithin(ResourceId id, string scope) =>
        id.Key.StartsWith(scope.ToLowerInvariant() + "/", StringComparison.Ordinal);

    public void Put(Resource resource) => _resources[resource.Id.Key] = resource;

    /// <summary>Forgets a resource with all that is nested in it or extends it.</summary>
    public void Remove(ResourceId id)
    {
        foreach (var below in Below(id).ToList())
        {
            _resources.Remove(below.Id.Key);
        }

        _resources.Remove(id.Key);
    }

    /// <summary>A scope is gone, with all that lay in it: its id.</summary>
    public event Action<string>? Emptied;

    /// <summary>Forgets what lies in a scope that is gone: the assignments and locks of a group, for example.</summary>
    public void RemoveWithin(string scope)
    {
        foreach (var resource in _resources.Values.Where(r => IsWithin(r.Id, scope)).ToList())
        {
            _resources.Remove(resource.Id.Key);
        }

        Emptied?.Invoke(scope);
    }

    /// <summary>Changes a resource that is there still; its version stays.</summary>
    public void Change(ResourceId id, Func<Resource, Resource> change)
    {
        if (_resources.TryGetValue(id.Key, out var resource))
        {
            _resources[id.Key] = change(resource);
        }
    }

    /// <summary>Ids of what refers to a resource or to a part of it: other resources, and scale sets.</summary>
    public List<string> UsersOf(ResourceId id)
    {
        var users = _resources.Values
            .Where(r => r.Id != id && !r.Id.Key.StartsWith(id.Key + "/", StringComparison.Ordinal) && Refers(r.Model, id))
            .Select(r => r.Id.Text)
            .ToList();
        users.AddRange(world.ScaleSets.Where(s => Refers(s.Model, id)).Select(s => s.ResourceId));
        return users;
    }

    /// <summary>Whether a model has an <c>id</c>, or an identity, that is this resource's or lies below it.</summary>
    public static bool Refers(JsonNode? model, ResourceId id) => References.In(model).Any(r =>
        r.Id.Equals(id.Text, StringComparison.OrdinalIgnoreCase) || r.Id.StartsWith(id.Text + "/", StringComparison.OrdinalIgnoreCase));
}
