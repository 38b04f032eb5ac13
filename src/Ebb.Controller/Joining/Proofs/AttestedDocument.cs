using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Controller.Joining.Proofs;

/// <summary>What Azure signs about a machine. Everything may be missing: what must be there is checked where it is used.</summary>
internal sealed record AttestedDocument(string? Nonce, string? VmId, string? SubscriptionId, AttestedTimes? TimeStamp);

/// <summary>Times as <c>11/28/20 00:12:17 -0000</c>.</summary>
internal sealed record AttestedTimes(string? CreatedOn, string? ExpiresOn)
{
    private const string Form = "MM/dd/yy HH:mm:ss";

    // It means what Z means, but no format of ours reads it.
    private const string Utc = " -0000";

    public DateTimeOffset? Created => Read(CreatedOn);

    public DateTimeOffset? Expires => Read(ExpiresOn);

    private static DateTimeOffset? Read(string? text) =>
        text is not null && text.EndsWith(Utc, StringComparison.Ordinal)
        && DateTime.TryParseExact(text[..^Utc.Length], Form, CultureInfo.InvariantCulture, DateTimeStyles.None, out var at)
            ? new DateTimeOffset(at, TimeSpan.Zero)
            : null;
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, AllowDuplicateProperties = false, MaxDepth = 8)]
[JsonSerializable(typeof(AttestedDocument))]
internal sealed partial class AttestedJson : JsonSerializerContext;
