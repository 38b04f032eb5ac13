using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates.Functions;

namespace Ebb.Sandbox.Azure.Templates.Expanding;

/// <summary>Turns the resources of a template, with their children and copy loops, into a flat list.</summary>
internal sealed class ResourceReader(Template template, Evaluation on, Surroundings target)
{
    /// <summary>Copies included.</summary>
    public const int MostResources = 800;

    private const int MostCharactersInName = 1024;

    private readonly List<TemplateResource> _resources = [];

    // The loops, also those that made nothing: what depends on them has nothing to wait for.
    private readonly HashSet<string> _loops = new(StringComparer.OrdinalIgnoreCase);

    // Resources whose condition does not hold, by all that names them: depending on them is no mistake.
    private readonly List<TemplateResource> _left = [];

    public IReadOnlySet<string> Loops => _loops;

    public IReadOnlyList<TemplateResource> Left => _left;

    public List<TemplateResource> Read()
    {
        foreach (var (symbol, source, path) in template.Resources)
        {
            ReadAll(source, symbol, path, null, on);
        }

        var twice = _resources.Where(r => !r.Existing).GroupBy(r => r.Id, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1)?.Last();
        return twice is null
            ? _resources
            : throw TemplateException.Invalid($"The resource '{twice.Id}'{Where(twice.At)} is defined multiple times in a template. Please see https://aka.ms/arm-syntax-resources for usage details.", twice.At, twice.Path);
    }

    private void ReadAll(JsonNode? node, string? symbol, string path, TemplateResource? parent, Evaluation within)
    {
        var at = template.PlaceOf(node);
        if (node is not JsonObject source)
        {
            throw TemplateException.Invalid($"The template resource{Where(at)} must be an object.", at, path);
        }

        try
        {
            if (Values.Member(source, "copy") is not { } copy)
            {
                ReadOne(source, symbol, path, parent, within, null, 0);
                return;
            }

            if (copy is not JsonObject)
            {
                throw TemplateException.Expression("its 'copy' must be an object with a 'name' and a 'count'");
            }

            var name = Values.Text(Early(Values.Member(copy, "name"), within)) ?? throw TemplateException.Expression("its 'copy' must have a 'name'");
            var count = Walk.CountOf(Early(Values.Member(copy, "count"), within), name, least: 0);
            var serial = "serial".Equals(Values.Text(Early(Values.Member(copy, "mode"), within)), StringComparison.OrdinalIgnoreCase);
            var batch = !serial ? 0 : Values.Member(copy, "batchSize") is { } size ? Walk.CountOf(Early(size, within), name, least: 1) : 1;
            _loops.Add(symbol ?? name);
            _loops.Add(name);
            for (var i = 0; i < count; i++)
            {
                var loop = new Loop(name, i, OfResource: true);
                ReadOne(source, symbol, path, parent, within.Within(loop), loop, batch);
            }
        }
        catch (TemplateException e)
        {
            var shown = Values.Text(Values.Member(source, "name")) ?? symbol ?? "";
            throw e.In($"resource '{(shown.Length > 200 ? shown[..200] : shown)}'", at, path);
        }
    }

    private void ReadOne(JsonObject source, string? symbol, string path, TemplateResource? parent, Evaluation within, Loop? copy, int batch)
    {
        var type = Text(source, "type", within);
        var name = Text(source, "name", within);
        var shortName = name;
        if (parent is not null)
        {
            type = $"{parent.Key.Type}/{type}";
            name = $"{parent.Key.Name}/{name}";
        }

        if (name.Length > MostCharactersInName)
        {
            throw TemplateException.Expression($"its name is longer than {MostCharactersInName} characters");
        }

        var existing = Values.Truth(Early(Values.Member(source, "existing"), within)) == true;
        var resource = new TemplateResource
        {
            Key = new ResourceKey(IdOf(source, type, name, within), type, name, Version(source, within, parent)),
            Symbol = symbol,
            ShortName = shortName,
            Copy = copy,
            BatchSize = batch,
            Existing = existing,
            Source = source,
            On = within,
            At = template.PlaceOf(source),
            Path = path,
        };
        var included = Values.Member(source, "condition") is not { } condition
            || (Values.Truth(Early(condition, within)) ?? throw TemplateException.Expression("its 'condition' must be a boolean"));
        (included ? _resources : _left).Add(resource);
        if (_resources.Count + _left.Count > MostResources)
        {
            throw TemplateException.Invalid($"The number of template resources limit exceeded. Limit: {MostResources} and actual: more. Please see https://aka.ms/arm-syntax for usage details.", resource.At, path);
        }

        ReadChildren(source, path, resource, included, within);
    }

    private void ReadChildren(JsonObject source, string path, TemplateResource resource, bool included, Evaluation within)
    {
        var children = Values.Member(source, "resources") switch
        {
            JsonObject symbols => symbols.Select(m => ((string?)m.Key, m.Value, $"{path}.resources.{m.Key}")),
            JsonArray list => list.Select((child, i) => ((string?)null, child, $"{path}.resources[{i}]")),
            _ => [],
        };
        var before = _resources.Count;
        foreach (var (childSymbol, child, childPath) in children)
        {
            ReadAll(child, childSymbol, childPath, resource, within);
        }

        // The children of what is left out are left out.
        if (!included)
        {
            _left.AddRange(_resources[before..]);
            _resources.RemoveRange(before, _resources.Count - before);
        }
    }

    private static string Text(JsonObject source, string member, Evaluation within) =>
        Values.Text(Early(Values.Member(source, member), within)) is { Length: > 0 } text
            ? text
            : throw TemplateException.Expression($"its '{member}' must be a string that is not empty");

    private static string Version(JsonObject source, Evaluation within, TemplateResource? parent) =>
        Values.Text(Early(Values.Member(source, "apiVersion"), within)) is { Length: > 0 } version
            ? version
            : parent?.Key.ApiVersion ?? throw TemplateException.Expression("its 'apiVersion' must be a string that is not empty");

    private string IdOf(JsonObject source, string type, string name, Evaluation within)
    {
        var scope = target.ScopeId;
        if (Values.Member(source, "scope") is { } declared)
        {
            var text = Values.Text(Early(declared, within)) ?? throw TemplateException.Expression("its 'scope' must be a string");
            scope = text.StartsWith('/') ? text.TrimEnd('/') : $"{scope}/providers/{Relative(text)}";
            if (scope.StartsWith("/providers/Microsoft.Management/", StringComparison.OrdinalIgnoreCase) || scope.Length == 0)
            {
                throw TemplateException.Expression("its 'scope' must be a subscription, a resource group or a resource: the sandbox has no management groups");
            }
        }
        else if (type.Equals("Microsoft.Resources/deployments", StringComparison.OrdinalIgnoreCase))
        {
            scope = DeploymentScope(source, within);
        }

        return ResourcePath.Join(scope, type, name.Split('/')) ?? throw TemplateException.Expression(
            $"the resource type '{type}' and the name '{name}' have incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. " +
            "A root resource type must have segment length one greater than its resource name. Please see https://aka.ms/arm-syntax-resources for usage details.");
    }

    private string DeploymentScope(JsonObject source, Evaluation within)
    {
        var subscription = Values.Text(Early(Values.Member(source, "subscriptionId"), within));
        var group = Values.Text(Early(Values.Member(source, "resourceGroup"), within));
        return subscription is null && group is null
            ? target.ScopeId
            : $"/subscriptions/{subscription ?? target.SubscriptionId}{(group is null ? "" : $"/resourceGroups/{group}")}";
    }

    // A scope as 'Microsoft.Storage/storageAccounts/name' is, or with types and names apart.
    private static string Relative(string scope) => scope.TrimStart('/');

    private static JsonNode? Early(JsonNode? source, Evaluation within) => Evaluator.Node(source, within with { Allowed = Uses.None, Runtime = null });

    private static string Where(Place? at) => at is { } place ? $" at line '{place.Line}' and column '{place.Column}'" : "";
}
