using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Patching;

/// <summary>Shows a value as the real server's language prints one, which some of its messages do.</summary>
internal static class GoText
{
    public static string Of(JsonNode? value) => value switch
    {
        null => "<nil>",
        JsonObject json => "map[" + string.Join(
            ' ', json.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key}:{Of(entry.Value)}")) + "]",
        JsonArray list => "[" + string.Join(' ', list.Select(Of)) + "]",
        _ => value.Text() ?? value.ToJsonString(),
    };
}
