using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates;

/// <summary>What expressions may ask of resources while a deployment runs.</summary>
/// <param name="Read">A resource by its id and an api-version.</param>
/// <param name="Ask">A <c>list…</c> action of a resource: id, action, api-version, body.</param>
internal sealed record Runtime(Func<string, string, JsonObject> Read, Func<string, string, string, JsonNode?, JsonNode?> Ask);

/// <summary>An expression asks what is known only while the deployment runs.</summary>
internal sealed class NotYetException() : Exception("The value is known only when the deployment runs.");
