using System.Collections.Immutable;

namespace Ebb.Sandbox.Azure.Templates.Expanding;

/// <summary>Finds the resources of a template by what its author may call them.</summary>
internal sealed class Links
{
    private readonly Dictionary<string, List<TemplateResource>> _bySymbol = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<TemplateResource>> _byLoop = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<TemplateResource>> _byPath = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<TemplateResource>> _byName = new(StringComparer.OrdinalIgnoreCase);

    public Links(IEnumerable<TemplateResource> resources)
    {
        foreach (var resource in resources)
        {
            if (resource.Symbol is { } symbol)
            {
                Add(_bySymbol, symbol, resource);
                if (resource.Copy is { } turn)
                {
                    Add(_bySymbol, $"{symbol}[{turn.Index}]", resource);
                }
            }

            if (resource.Copy is { } loop)
            {
                Add(_byLoop, loop.Name, resource);
            }

            Add(_byPath, resource.Id, resource);
            Add(_byPath, $"{resource.Key.Type}/{resource.Key.Name}", resource);
            var at = resource.Id.LastIndexOf("/providers/", StringComparison.OrdinalIgnoreCase);
            Add(_byPath, at < 0 ? resource.Id : resource.Id[(at + "/providers/".Length)..], resource);
            Add(_byName, resource.Key.Name, resource);
            Add(_byName, resource.ShortName, resource);
        }
    }

    /// <summary>What a name in <c>dependsOn</c> means: more than one when it is a copy loop's. Empty when nothing is called so.</summary>
    /// <exception cref="TemplateException">Several resources have this name.</exception>
    public ImmutableArray<TemplateResource> All(string name)
    {
        var text = name.TrimEnd('/');
        if (_bySymbol.TryGetValue(text, out var found) || _byPath.TryGetValue(text, out found) || _byLoop.TryGetValue(text, out found))
        {
            return [.. found];
        }

        return _byName.GetValueOrDefault(text) switch
        {
            null => [],
            [var one] => [one],
            var several => throw TemplateException.Expression(
                $"The template resource reference '{name}' is ambiguous: it could be any of '{string.Join(", ", several.Select(r => $"{r.Key.Type}/{r.Key.Name}").Take(5))}'. Name the type too, or use resourceId()."),
        };
    }

    /// <summary>What a name in <c>reference()</c> means; null when nothing of the template is called so.</summary>
    public TemplateResource? One(string name) => All(name) is [var one, ..] found && (found.Length == 1 || one.Id.Equals(name, StringComparison.OrdinalIgnoreCase)) ? one : null;

    public IReadOnlyList<TemplateResource>? Loop(string name) => _bySymbol.GetValueOrDefault(name) ?? _byLoop.GetValueOrDefault(name);

    private static void Add(Dictionary<string, List<TemplateResource>> to, string key, TemplateResource resource)
    {
        if (!to.TryGetValue(key, out var known))
        {
            to[key] = known = [];
        }

        if (!known.Contains(resource))
        {
            known.Add(resource);
        }
    }
}
