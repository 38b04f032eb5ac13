using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Expanding;

/// <summary>One resource of a template, its copy loop turned; what is not needed to order the deployment is evaluated later.</summary>
internal sealed class TemplateResource
{
    // What says how to deploy a resource, and is no part of it.
    private static readonly string[] OfTemplate =
        ["type", "name", "apiVersion", "dependsOn", "condition", "copy", "comments", "scope", "resources", "existing", "import", "metadata", "@options"];

    public required ResourceKey Key { get; init; }

    /// <summary>What the template calls it; null in a template that has a list of resources.</summary>
    public string? Symbol { get; init; }

    /// <summary>The name as it stands in the template: a nested resource's without its parent's.</summary>
    public required string ShortName { get; init; }

    /// <summary>The copy loop that made it; null when none.</summary>
    public Loop? Copy { get; init; }

    /// <summary>How many of its loop are deployed at a time; zero: all.</summary>
    public int BatchSize { get; init; }

    /// <summary>It is only read.</summary>
    public bool Existing { get; init; }

    public required JsonObject Source { get; init; }

    /// <summary>What its expressions see.</summary>
    public required Evaluation On { get; init; }

    public Place? At { get; init; }

    public required string Path { get; init; }

    /// <summary>What must be there first; filled when all resources are known.</summary>
    public ImmutableArray<TemplateResource> After { get; set; } = [];

    public string Id => Key.Id;

    public string Describe => $"resource '{Key.Name}'";

    /// <summary>Its members as they are sent to its provider.</summary>
    /// <param name="runtime">Null: what only a running deployment knows stays as it is written.</param>
    public JsonObject Body(Runtime? runtime)
    {
        var on = On with { Allowed = Uses.Runtime, Runtime = runtime };
        try
        {
            var body = new JsonObject(Values.NoCase);
            foreach (var (name, value) in Source)
            {
                if (!OfTemplate.Contains(name, StringComparer.OrdinalIgnoreCase) && Walk.Evaluate(value, on, Visit) is { } made)
                {
                    body[name] = Values.Free(made);
                }
            }

            Budget.RefuseDeep(body);
            return body;
        }
        catch (TemplateException e)
        {
            throw e.In(Describe, At, Path);
        }
    }

    /// <summary>One of its members, evaluated as it is in <see cref="Body"/>; null when it has none.</summary>
    public JsonNode? Member(JsonNode? source, Runtime? runtime)
    {
        try
        {
            return Walk.Evaluate(source, On with { Allowed = Uses.Runtime, Runtime = runtime }, Visit);
        }
        catch (TemplateException e)
        {
            throw e.In(Describe, At, Path);
        }
    }

    public bool IsDeployment => Key.Type.Equals("Microsoft.Resources/deployments", StringComparison.OrdinalIgnoreCase);

    private static JsonNode? Visit(string text, Evaluation on)
    {
        try
        {
            return Evaluator.Text(text, on);
        }
        catch (NotYetException)
        {
            return text;
        }
    }
}
