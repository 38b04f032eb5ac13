using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Views;

internal sealed record Taint(string Key, string Value, string Effect, DateTimeOffset? TimeAdded = null)
{
    public const string NotReady = "node.kubernetes.io/not-ready";
    public const string Unreachable = "node.kubernetes.io/unreachable";
    public const string Unschedulable = "node.kubernetes.io/unschedulable";
    public const string OutOfService = "node.kubernetes.io/out-of-service";
    public const string NoSchedule = "NoSchedule";
    public const string NoExecute = "NoExecute";
    public const string PreferNoSchedule = "PreferNoSchedule";

    public static Taint Read(JsonObject json) =>
        new(json.Text("key") ?? "", json.Text("value") ?? "", json.Text("effect") ?? "", json.Time("timeAdded"));

    public JsonObject ToJson()
    {
        var json = new JsonObject { ["key"] = Key };
        json.Put("value", Value);
        json["effect"] = Effect;
        if (TimeAdded is { } added)
        {
            json["timeAdded"] = Store.Timestamps.Seconds(added);
        }

        return json;
    }
}

/// <param name="Seconds">How long a NoExecute taint is borne; null: for ever.</param>
internal sealed record Toleration(string Key, bool Exists, string Value, string Effect, long? Seconds = null)
{
    public static Toleration Read(JsonObject json) => new(
        json.Text("key") ?? "",
        json.Text("operator") == "Exists",
        json.Text("value") ?? "",
        json.Text("effect") ?? "",
        json.Number("tolerationSeconds"));

    public bool Bears(Taint taint) =>
        (Effect.Length == 0 || Effect == taint.Effect)
        && (Key.Length == 0 ? Exists : Key == taint.Key)
        && (Exists || Value == taint.Value);
}
