using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>One thing that is wrong with an object.</summary>
internal sealed record Problem(string Reason, string Field, string Message)
{
    public static Problem Required(string field, string detail = "") =>
        new("FieldValueRequired", field, "Required value" + (detail.Length == 0 ? "" : ": " + detail));

    public static Problem Invalid(string field, JsonNode? value, string detail) =>
        new("FieldValueInvalid", field, $"Invalid value: {Show(value)}: {detail}");

    public static Problem Unsupported(string field, JsonNode? value, params string[] supported) => new(
        "FieldValueNotSupported",
        field,
        $"Unsupported value: {Show(value ?? "")}: supported values: {string.Join(", ", supported.Select(s => $"\"{s}\""))}");

    public static Problem Duplicate(string field, JsonNode? value) =>
        new("FieldValueDuplicate", field, "Duplicate value: " + Show(value));

    public static Problem Forbidden(string field, string detail) =>
        new("FieldValueForbidden", field, "Forbidden: " + detail);

    public static Problem NotFound(string field, JsonNode? value) => new("FieldValueNotFound", field, "Not found: " + Show(value));

    public static Problem TooLong(string field, int most) =>
        new("FieldValueTooLong", field, $"Too long: may not be more than {most} bytes");

    private static string Show(JsonNode? value) => value?.ToJsonString(Plain) ?? "null";

    private static readonly System.Text.Json.JsonSerializerOptions Plain = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}

/// <summary>All that is wrong with an object, gathered before it is refused.</summary>
internal sealed class Problems(string group, string kind, string name)
{
    private readonly List<Problem> _found = [];

    public Problems(Kind kind, string name)
        : this(kind.Group, kind.Name, name)
    {
    }

    /// <summary>Of the parameters of a request: "ListOptions".</summary>
    public static Problems OfOptions(string kind) => new("meta.k8s.io", kind, "");

    public int Count => _found.Count;

    public void Add(Problem problem) => _found.Add(problem);

    public static ApiException Single(Kind kind, string name, Problem problem)
    {
        var problems = new Problems(kind, name);
        problems.Add(problem);
        return problems.ToException();
    }

    /// <exception cref="ApiException">422 when anything was found.</exception>
    public void ThrowIfAny()
    {
        if (_found.Count > 0)
        {
            throw ToException();
        }
    }

    public ApiException ToException()
    {
        var lines = _found.Select(problem => $"{problem.Field}: {problem.Message}").ToList();
        var details = new JsonObject();
        if (name.Length > 0)
        {
            details["name"] = name;
        }

        if (group.Length > 0)
        {
            details["group"] = group;
        }

        if (kind.Length > 0)
        {
            details["kind"] = kind;
        }

        details["causes"] = new JsonArray([.. _found.Select(problem => new JsonObject
        {
            ["reason"] = problem.Reason,
            ["message"] = problem.Message,
            ["field"] = problem.Field,
        })]);
        var what = group.Length == 0 ? kind : kind + "." + group;
        var why = lines.Count == 1 ? lines[0] : "[" + string.Join(", ", lines) + "]";
        return new ApiException(422, "Invalid", $"{what} \"{name}\" is invalid: {why}") { Details = details };
    }
}
