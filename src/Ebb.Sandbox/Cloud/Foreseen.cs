using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Cloud;

/// <summary>What a write would do, found without doing it.</summary>
/// <param name="Error">Why it would be refused; null when it would not.</param>
/// <param name="Before">The model that is kept now; null when there is none.</param>
/// <param name="After">The model that would be kept; null when it would be refused.</param>
internal sealed record Foreseen(CloudError? Error, JsonObject? Before, JsonObject? After);
