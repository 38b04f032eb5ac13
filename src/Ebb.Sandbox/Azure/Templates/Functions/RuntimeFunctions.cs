using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>Functions that ask a resource, while the deployment runs.</summary>
internal static class RuntimeFunctions
{
    public static IEnumerable<Function> All { get; } =
    [
        new("reference", 1, 3, a => Reference(a)) { Needs = Uses.Runtime },
        new("references", 1, 2, a => References(a)) { Needs = Uses.Runtime },
    ];

    /// <summary>Any name that begins with <c>list</c> is an action of the resource's provider.</summary>
    public static Function? ListAction(string name) => name.StartsWith("list", StringComparison.OrdinalIgnoreCase) && name.Length > 4
        ? new Function(name, 1, 3, a => Ask(a, name)) { Needs = Uses.Runtime }
        : null;

    public static TemplateException NoResource(string name) => TemplateException.Expression(
        $"The template reference '{name}' is not valid: could not find template resource or resource copy with this name. Please see https://aka.ms/arm-function-reference for usage details.");

    /// <summary>The id of the resource that a first argument names, and the version to ask it with.</summary>
    public static ResourceKey Target(string name, string? version, Evaluation on, string function)
    {
        var key = on.Scope.Find?.Invoke(name);
        if (key is null && !name.StartsWith('/'))
        {
            // A type and a name, without scope, is one of this deployment's group.
            var segments = name.Split('/');
            if (segments.Length < 3 || segments.Length % 2 == 0 || !segments[0].Contains('.'))
            {
                throw NoResource(name);
            }

            key = new ResourceKey($"{on.Scope.Surroundings.ScopeId}/providers/{name}", "", name, "");
        }

        key ??= new ResourceKey(name, "", name, "");
        version ??= key.ApiVersion;
        return version.Length > 0
            ? key with { ApiVersion = version }
            : throw TemplateException.Expression(
                $"The template function '{function}' needs an api-version to read '{name}', which is not defined in the template. Please see https://aka.ms/arm-function-reference for usage details.");
    }

    private static JsonNode? Reference(Arguments a)
    {
        var full = a.Count > 2 && a.Text(2).Equals("Full", StringComparison.OrdinalIgnoreCase);
        if (a.Count > 2 && !full)
        {
            throw a.Wrong("the third argument must be 'Full' when it is there");
        }

        return Read(a, Target(a.Text(0), a.Count > 1 && a[1] is not null ? a.Text(1) : null, a.On, "reference"), full);
    }

    private static JsonArray References(Arguments a)
    {
        var full = a.Count > 1 && a.Text(1).Equals("Full", StringComparison.OrdinalIgnoreCase);
        var keys = a.On.Scope.FindLoop?.Invoke(a.Text(0)) ?? throw NoResource(a.Text(0));
        return Values.List(keys.Select(key => Read(a, key, full)));
    }

    private static JsonNode? Read(Arguments a, ResourceKey key, bool full)
    {
        var runtime = a.On.Runtime ?? throw new NotYetException();
        var resource = runtime.Read(key.Id, key.ApiVersion);
        if (!full)
        {
            return Values.Member(resource, "properties") ?? new JsonObject(Values.NoCase);
        }

        var whole = (JsonObject)resource.DeepClone();
        whole["apiVersion"] = key.ApiVersion;
        whole["resourceId"] = key.Id;
        whole["subscriptionId"] = a.Surroundings.SubscriptionId;
        return whole;
    }

    private static JsonNode? Ask(Arguments a, string action)
    {
        var key = Target(a.Text(0), a.Count > 1 && a[1] is not null ? a.Text(1) : null, a.On, action);
        var runtime = a.On.Runtime ?? throw new NotYetException();
        return runtime.Ask(key.Id, action, key.ApiVersion, a.Count > 2 ? a[2]?.DeepClone() : null);
    }
}
