using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Schemas;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>A kind as it is served under one group and version.</summary>
internal sealed record Resource(Kind Kind, string Group, string Version)
{
    public string ApiVersion => Group.Length == 0 ? Version : Group + "/" + Version;

    /// <summary>Null: nothing is known of its fields.</summary>
    public FieldType? Schema { get; init; }

    /// <summary>The schema that a CustomResourceDefinition gives, as it is written there.</summary>
    public JsonObject? OpenApi { get; init; }

    /// <summary>The columns that a CustomResourceDefinition asks for.</summary>
    public JsonArray? Columns { get; init; }

    /// <summary>Served as it is kept.</summary>
    public bool IsStored => Group == Kind.Group && Version == Kind.Version;
}

/// <summary>What is served: the built-in kinds, and those that CustomResourceDefinitions add.</summary>
internal sealed class Catalog
{
    private readonly Dictionary<(string Group, string Version, string Plural), Resource> _resources = [];
    private readonly List<Resource> _ordered = [];

    public Catalog()
    {
        foreach (var kind in Kinds.BuiltIn)
        {
            Add(new Resource(kind, kind.Group, kind.Version));
            foreach (var version in kind.OtherVersions)
            {
                Add(new Resource(kind, kind.Group, version));
            }

            if (kind == Kinds.Event)
            {
                Add(new Resource(kind, "events.k8s.io", "v1"));
            }
        }
    }

    /// <summary>Counts the changes, so that documents made from the catalog can be kept until it changes.</summary>
    public int Revision { get; private set; }

    public IReadOnlyList<Resource> All => _ordered;

    public Resource? Find(string group, string version, string plural) =>
        _resources.GetValueOrDefault((group, version, plural));

    /// <summary>The resource as it is kept.</summary>
    public Resource Stored(Kind kind) => _resources[(kind.Group, kind.Version, kind.Plural)];

    public Resource? FindKind(string apiVersion, string kind) =>
        _ordered.FirstOrDefault(r => r.ApiVersion == apiVersion && r.Kind.Name == kind);

    /// <summary>Whether there is such a kind; also in versions that are no longer served, which clients still send.</summary>
    public bool Knows(string apiVersion, string kind) => FindKind(apiVersion, kind) is not null
        || (apiVersion is "extensions/v1beta1" or "apps/v1beta1" or "apps/v1beta2" && FindKind("apps/v1", kind) is not null);

    /// <summary>Begins to serve what a CustomResourceDefinition defines, in place of what it defined before.</summary>
    public void Define(JsonObject definition)
    {
        var spec = definition["spec"];
        var group = spec.Text("group") ?? "";
        Forget(definition);
        var versions = spec.Objects("versions").Where(v => v.IsTrue("served")).ToList();
        var stored = spec.Objects("versions").FirstOrDefault(v => v.IsTrue("storage")).Text("name") ?? "v1";
        var storedVersion = spec.Objects("versions").FirstOrDefault(v => v.IsTrue("storage"));
        var kind = new Kind(
            group,
            stored,
            spec.Text("names", "kind") ?? "",
            spec.Text("names", "plural") ?? "",
            spec.Text("scope") != "Cluster")
        {
            ShortNames = [.. spec.Texts("names", "shortNames")],
            Categories = [.. spec.Texts("names", "categories")],
            HasStatus = storedVersion.At("subresources", "status") is not null,
            HasScale = storedVersion.At("subresources", "scale") is not null,
            HasGeneration = true,
            Custom = true,
        };
        foreach (var version in versions)
        {
            Add(new Resource(kind, group, version.Text("name") ?? "")
            {
                Schema = CustomSchema.Read(kind, version.Object("schema", "openAPIV3Schema")),
                OpenApi = version.Object("schema", "openAPIV3Schema"),
                Columns = version.Array("additionalPrinterColumns"),
            });
        }
    }

    public void Forget(JsonObject definition)
    {
        var group = definition.Text("spec", "group");
        var plural = definition.Text("spec", "names", "plural");
        foreach (var gone in _ordered.Where(r => r.Group == group && r.Kind.Plural == plural).ToList())
        {
            _ordered.Remove(gone);
            _resources.Remove((gone.Group, gone.Version, gone.Kind.Plural));
        }

        Revision++;
    }

    private void Add(Resource resource)
    {
        if (resource.Schema is null && !resource.Kind.Custom)
        {
            var schema = SchemaBook.BuiltIn.Find(resource.Group, resource.Version, resource.Kind.Name)
                ?? SchemaBook.BuiltIn.Find(resource.Kind.Group, resource.Kind.Version, resource.Kind.Name);
            resource = resource with { Schema = schema is null ? null : new FieldType(Shape.Object, Of: schema) };
        }

        _resources[(resource.Group, resource.Version, resource.Kind.Plural)] = resource;
        _ordered.Add(resource);
        Revision++;
    }
}
