using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates.Expressions;
using Ebb.Sandbox.Azure.Templates.Functions;

namespace Ebb.Sandbox.Azure.Templates;

/// <summary>The names that a template's expressions see: parameters, variables, its own functions, its resources.</summary>
internal sealed class TemplateScope(Surroundings surroundings, Budget budget)
{
    private readonly Dictionary<string, Func<JsonNode?>> _parameters = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Func<JsonNode?>> _variables = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, UserFunction> _functions = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Expression> _parsed = [];

    public Surroundings Surroundings { get; } = surroundings;

    public Budget Budget { get; } = budget;

    /// <summary>Finds the resource that an expression names: by symbol, name, type and name, or id. Null until they are known.</summary>
    public Func<string, ResourceKey?>? Find { get; set; }

    /// <summary>The resources of a copy loop by its symbol, for <c>references</c>. Null until they are known.</summary>
    public Func<string, IReadOnlyList<ResourceKey>?>? FindLoop { get; set; }

    public IEnumerable<string> Functions => _functions.Keys;

    public bool HasParameter(string name) => _parameters.ContainsKey(name);

    public bool HasVariable(string name) => _variables.ContainsKey(name);

    /// <summary>The value is made when it is first asked for.</summary>
    public void AddParameter(string name, Func<JsonNode?> value) => _parameters[name] = Once("parameter", name, value, Budget);

    public void AddVariable(string name, Func<JsonNode?> value) => _variables[name] = Once("variable", name, value, Budget);

    public void AddFunction(string fullName, UserFunction function) => _functions[fullName] = function;

    public UserFunction? FunctionOf(string fullName) => _functions.GetValueOrDefault(fullName);

    public JsonNode? Parameter(string name) => _parameters.TryGetValue(name, out var value)
        ? value()
        : throw TemplateException.Expression($"The template parameter '{name}' is not found. Please see https://aka.ms/arm-syntax-parameters for usage details.");

    public JsonNode? Variable(string name) => _variables.TryGetValue(name, out var value)
        ? value()
        : throw TemplateException.Expression($"The template variable '{name}' is not found. Please see https://aka.ms/arm-syntax-variables for usage details.");

    /// <summary>The expression in a string; read once however often it is evaluated.</summary>
    public Expression Parse(string text)
    {
        if (!_parsed.TryGetValue(text, out var expression))
        {
            _parsed[text] = expression = Parser.Parse(text);
        }

        return expression;
    }

    /// <summary>A scope that sees the same functions and surroundings, and no parameters, variables or resources.</summary>
    public TemplateScope Bare()
    {
        var scope = new TemplateScope(Surroundings, Budget);
        foreach (var (name, function) in _functions)
        {
            scope.AddFunction(name, function);
        }

        return scope;
    }

    /// <summary>A scope inside this one: it sees the same, and has resources of its own besides.</summary>
    public TemplateScope Inner()
    {
        var scope = Bare();
        scope.Find = Find;
        scope.FindLoop = FindLoop;
        foreach (var (name, value) in _parameters)
        {
            scope._parameters[name] = value;
        }

        foreach (var (name, value) in _variables)
        {
            scope._variables[name] = value;
        }

        return scope;
    }

    private static Func<JsonNode?> Once(string kind, string name, Func<JsonNode?> make, Budget budget)
    {
        JsonNode? value = null;
        var (made, making) = (false, false);
        return () =>
        {
            if (made)
            {
                return value;
            }

            if (making)
            {
                throw TemplateException.Invalid($"The template {kind} '{name}' is defined by itself: circular references are not allowed.");
            }

            making = true;
            try
            {
                value = Values.Keep(make());
                budget.Count(value);
                made = true;
            }
            finally
            {
                making = false;
            }

            return value;
        };
    }
}

/// <summary>What expressions need to know of a resource to name it.</summary>
internal sealed record ResourceKey(string Id, string Type, string Name, string ApiVersion);
