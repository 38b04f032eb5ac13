using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>Failures and refusals of deployments in Azure's words.</summary>
internal static class DeploymentErrors
{
    // Providers' errors are put into a message as text, as Azure's engine writes them.
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\r\n",
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static JsonObject Json(string code, string message, string? target = null, params IEnumerable<JsonNode?> details)
    {
        var json = Values.Object(("code", code));
        if (target is not null)
        {
            json["target"] = target;
        }

        json["message"] = message;
        var list = Values.List(details);
        if (list.Count > 0)
        {
            json["details"] = list;
        }

        return json;
    }

    public static JsonObject Json(TemplateException e)
    {
        var json = Json(e.Code, e.Message, e.IsOfExpression || e.Path.Length == 0 || e.At is not null ? null : e.Path, e.Details.Select(Json));
        if (e.At is { } at)
        {
            json["additionalInfo"] = new JsonArray(Values.Object(
                ("type", "TemplateViolation"),
                ("info", Values.Object(("lineNumber", at.Line), ("linePosition", at.Column), ("path", e.Path)))));
        }

        return json;
    }

    public static ArmReply Refusal(TemplateException e) => new(400, new JsonObject { ["error"] = Json(e) });

    public static ArmReply NotFound(string name) => ArmReply.Error(404, "DeploymentNotFound", $"Deployment '{name}' could not be found.");

    public static ArmReply Active(Deployment deployment)
    {
        // As the engine writes times: the month first, and twelve hours.
        const string Form = "M/d/yyyy h:mm:ss tt";
        return ArmReply.Error(409, "DeploymentActive",
            $"Unable to edit or replace deployment '{deployment.Name}': previous deployment from '{deployment.StartedAt.UtcDateTime.ToString(Form)}' is still active " +
            $"(expiration time is '{deployment.StartedAt.AddDays(7).UtcDateTime.ToString(Form)}'). Please see https://aka.ms/arm-deploy-resources for usage details.");
    }

    /// <summary>A deployment that did not do all it should.</summary>
    public static JsonObject Failed(string id, IEnumerable<JsonObject> details) => Json(
        "DeploymentFailed",
        "At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.",
        id,
        details);

    /// <summary>One resource's failure as its deployment tells it.</summary>
    public static JsonObject OfResource(string id, ErrandEnd end) => end.Late
        ? Json(
            "ResourceDeploymentFailure",
            "The resource write operation failed to complete successfully, because it reached terminal provisioning state 'Failed'.",
            id,
            end.Error)
        : Json(StatusName(end.Status), Text(Values.Object(("error", end.Error))), id);

    /// <summary>A status's name as operations show it, for example <c>Conflict</c>.</summary>
    public static string StatusName(int status) => status == 429 ? "TooManyRequests" : ((HttpStatusCode)status).ToString();

    private static string Text(JsonNode node) => node.ToJsonString(Indented);
}
