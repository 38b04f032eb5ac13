using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Expanding;

/// <summary>Says what must be there before what: from <c>dependsOn</c>, from whom expressions ask, from serial loops.</summary>
internal sealed class Ordering(List<TemplateResource> resources, IReadOnlyList<TemplateResource> left, IReadOnlySet<string> loops, Links links)
{
    private readonly Links _left = new(left);

    public void Apply()
    {
        foreach (var resource in resources.Where(r => !r.Existing))
        {
            try
            {
                var after = new List<TemplateResource>();
                after.AddRange(Declared(resource));
                after.AddRange(Asked(resource));
                after.AddRange(Turn(resource));
                resource.After = [.. after.Where(r => r != resource && !r.Existing).Distinct()];
            }
            catch (TemplateException e)
            {
                throw e.In(resource.Describe, resource.At, resource.Path);
            }
        }

        RefuseCircles();
    }

    private IEnumerable<TemplateResource> Declared(TemplateResource resource)
    {
        var list = Evaluator.Node(Values.Member(resource.Source, "dependsOn"), resource.On with { Allowed = Uses.None, Runtime = null });
        if (list is not null and not JsonArray)
        {
            throw TemplateException.Expression("its 'dependsOn' must be an array of strings");
        }

        foreach (var item in list as JsonArray ?? [])
        {
            var name = Values.Text(item) ?? throw TemplateException.Expression("its 'dependsOn' must be an array of strings");
            var found = links.All(name);
            if (found.IsEmpty && !loops.Contains(name) && _left.All(name).IsEmpty)
            {
                throw TemplateException.Invalid(
                    $"The resource '{name}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.", resource.At, resource.Path + ".dependsOn");
            }

            foreach (var other in found)
            {
                yield return other;
            }
        }
    }

    private List<TemplateResource> Asked(TemplateResource resource)
    {
        var found = new List<TemplateResource>();
        var scan = new ExpressionScan(name =>
        {
            if (links.One(name) is { } one)
            {
                found.Add(one);
            }
            else if (links.Loop(name) is { } loop)
            {
                found.AddRange(loop);
            }
        });
        var on = resource.On with { Allowed = Uses.Runtime, Runtime = null };
        foreach (var (name, value) in resource.Source)
        {
            if (name.ToLowerInvariant() is "resources" or "copy" or "dependson")
            {
                continue;
            }

            // What is inside a template with a scope of its own is looked at when that is expanded.
            if (resource.IsDeployment && value is JsonObject properties && name.Equals("properties", StringComparison.OrdinalIgnoreCase))
            {
                foreach (var (inner, part) in properties)
                {
                    if (!inner.Equals("template", StringComparison.OrdinalIgnoreCase))
                    {
                        scan.Visit(part, on);
                    }
                }

                continue;
            }

            scan.Visit(value, on);
        }

        return found;
    }

    private IEnumerable<TemplateResource> Turn(TemplateResource resource)
    {
        if (resource.BatchSize == 0 || resource.Copy!.Index < resource.BatchSize)
        {
            return [];
        }

        var batch = resource.Copy.Index / resource.BatchSize;
        return resources.Where(r => r.Path == resource.Path && r.Copy is { } turn && turn.Index / resource.BatchSize == batch - 1);
    }

    private void RefuseCircles()
    {
        var waiting = resources.Where(r => !r.Existing).ToDictionary(r => r, r => r.After.Length);
        var behind = waiting.Keys.ToDictionary(r => r, _ => new List<TemplateResource>());
        foreach (var resource in waiting.Keys)
        {
            foreach (var other in resource.After)
            {
                behind[other].Add(resource);
            }
        }

        var ready = new Queue<TemplateResource>(waiting.Where(w => w.Value == 0).Select(w => w.Key));
        while (ready.TryDequeue(out var done))
        {
            waiting.Remove(done);
            foreach (var next in behind[done])
            {
                if (--waiting[next] == 0)
                {
                    ready.Enqueue(next);
                }
            }
        }

        if (waiting.Count > 0)
        {
            var at = Circle(waiting.Keys.First(), waiting);
            throw new TemplateException(
                "InvalidTemplateCircularDependency",
                $"Deployment template validation failed: 'Circular dependency detected on resource: '{at[0].Id}'. The circle is: {string.Join(" -> ", at.Append(at[0]).Select(r => $"{r.Key.Type}/{r.Key.Name}"))}. Please see https://aka.ms/arm-syntax-resources for usage details.'.")
            { At = at[0].At, Path = at[0].Path };
        }
    }

    private static List<TemplateResource> Circle(TemplateResource start, Dictionary<TemplateResource, int> waiting)
    {
        var way = new List<TemplateResource>();
        for (var at = start; ; at = at.After.First(waiting.ContainsKey))
        {
            var known = way.IndexOf(at);
            if (known >= 0)
            {
                return way[known..];
            }

            way.Add(at);
        }
    }
}
