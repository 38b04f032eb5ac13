using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes;

/// <summary>A refusal of the Kubernetes API; becomes a Status object on the wire.</summary>
public sealed class ApiException(int code, string reason, string message) : Exception(message)
{
    public int Code { get; } = code;

    public string Reason { get; } = reason;

    /// <summary>What the Status says of the object and the causes; null when it says nothing.</summary>
    public JsonObject? Details { get; init; }

    /// <summary>Becomes the header Retry-After too.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>Becomes the Status' own metadata: a continue token in an expired list.</summary>
    public string? Continue { get; init; }

    public static ApiException BadRequest(string message) => new(400, "BadRequest", message);

    public static ApiException NotFound(string resource, string name) =>
        new(404, "NotFound", $"{resource} \"{name}\" not found") { Details = Of(resource, name) };

    public static ApiException NoSuchPath() =>
        new(404, "NotFound", "the server could not find the requested resource") { Details = [] };

    public static ApiException NotAllowed() =>
        new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource") { Details = [] };

    /// <param name="deleting">The one that has the name is on its way out.</param>
    public static ApiException AlreadyExists(string resource, string name, bool deleting = false) =>
        new(409, "AlreadyExists", (deleting ? "object is being deleted: " : "") + $"{resource} \"{name}\" already exists") { Details = Of(resource, name) };

    public static ApiException Conflict(string resource, string name, string? why = null) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {resource} \"{name}\": " + (why ??
            "the object has been modified; please apply your changes to the latest version and try again"))
        {
            Details = Of(resource, name),
        };

    public static ApiException Forbidden(string resource, string name, string why) =>
        new(403, "Forbidden", $"{resource} \"{name}\" is forbidden: {why}") { Details = Of(resource, name) };

    public static ApiException Expired(string message) => new(410, "Expired", message);

    /// <summary>What the real server did not think of as a refusal, and answers as a failure of its own.</summary>
    public static ApiException Unforeseen(string message) => new(500, "", message);

    public static ApiException Internal(string message) => new(500, "InternalError", "Internal error occurred: " + message)
    {
        Details = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["message"] = message }) },
    };

    public JsonObject ToStatus()
    {
        var metadata = new JsonObject();
        if (Continue is not null)
        {
            metadata["continue"] = Continue;
        }

        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = metadata,
            ["status"] = "Failure",
            ["message"] = Message,
        };
        if (Reason.Length > 0)
        {
            status["reason"] = Reason;
        }

        if (Details is not null || RetryAfterSeconds is not null)
        {
            var details = Details?.DeepClone().AsObject() ?? [];
            if (RetryAfterSeconds is { } seconds)
            {
                details["retryAfterSeconds"] = seconds;
            }

            status["details"] = details;
        }

        status["code"] = Code;
        return status;
    }

    /// <summary>Details for "deployments.apps": the group apart, and the plural under "kind", as the real server does.</summary>
    internal static JsonObject Of(string resource, string name)
    {
        var dot = resource.IndexOf('.', StringComparison.Ordinal);
        var details = new JsonObject();
        if (name.Length > 0)
        {
            details["name"] = name;
        }

        if (dot > 0)
        {
            details["group"] = resource[(dot + 1)..];
        }

        details["kind"] = dot > 0 ? resource[..dot] : resource;
        return details;
    }
}
