using System.Collections.Immutable;

namespace Ebb.Sandbox.Azure.Templates;

/// <summary>A template, its parameters or an expression in it that cannot be deployed, in Azure's words.</summary>
internal sealed class TemplateException(string code, string message) : Exception(message)
{
    public string Code { get; } = code;

    /// <summary>Where in the template; null when that says nothing.</summary>
    public Place? At { get; init; }

    /// <summary>The member that is wrong, for example <c>properties.template.resources[0]</c>; empty when unknown.</summary>
    public string Path { get; init; } = "";

    public ImmutableArray<TemplateException> Details { get; init; } = [];

    /// <summary>The text is no JSON, or not of the form of a template.</summary>
    public static TemplateException Unreadable(string what, Place at, string path = "") =>
        new("InvalidTemplate", $"Deployment template parse failed: '{what}'.") { At = at, Path = path };

    /// <summary>The template or its parameters break a rule.</summary>
    public static TemplateException Invalid(string what, Place? at = null, string path = "") =>
        new("InvalidTemplate", $"Deployment template validation failed: '{what}'.") { At = at, Path = path };

    /// <summary>An expression has no value. What holds it adds its own name and place.</summary>
    public static TemplateException Expression(string what) => new("InvalidTemplate", what) { IsOfExpression = true };

    /// <summary>Not yet wrapped by what holds the expression.</summary>
    public bool IsOfExpression { get; private init; }

    /// <summary>An expression's error, told with the name and place of what holds it; another error stays as it is.</summary>
    public TemplateException In(string holder, Place? at, string path) => IsOfExpression
        ? Invalid($"The template {holder}{Where(at)} is not valid: {Message}", at, path)
        : this;

    private static string Where(Place? at) => at is { } place ? $" at line '{place.Line}' and column '{place.Column}'" : "";
}
