using System.Collections.Immutable;
using System.Text.Json;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>What Azure says went wrong, with the causes that it names inside.</summary>
/// <param name="Target">Id of the resource, or the name of the parameter, that it is about; null when none is named.</param>
public sealed record AzureFault(string Code, string Message, string? Target, ImmutableArray<AzureFault> Details)
{
    // Deeper ones repeat the same, and may be hostile.
    private const int MostDepth = 8;

    private const int MostMessage = 2000;

    /// <summary>The innermost errors: those that say why, without the "at least one of them failed" around them.</summary>
    public IEnumerable<AzureFault> Causes => Details.IsEmpty ? [this] : Details.SelectMany(detail => detail.Causes);

    /// <summary>Whether this code stands anywhere in it.</summary>
    public bool Has(string code) => code.Equals(Code, StringComparison.OrdinalIgnoreCase) || Details.Any(detail => detail.Has(code));

    /// <summary>The causes in one line.</summary>
    public override string ToString() => string.Join(" ", Causes.Select(cause => $"{cause.Code}: {cause.Message.TrimEnd('.')}.").Distinct());

    internal static AzureFault Of(ArmError error) =>
        error.Wire is { } wire ? Of(wire, 0) : new AzureFault(error.Code, error.Message, null, []);

    internal static AzureFault Of(WireError wire, int depth = 0)
    {
        // An error within an error: either side may carry the words.
        if (wire.Error is { } inner && wire.Code is null && depth < MostDepth)
        {
            return Of(inner, depth + 1);
        }

        var details = depth < MostDepth ? (wire.Details ?? []).OfType<WireError>().Select(detail => Of(detail, depth + 1)).ToList() : [];
        if (depth < MostDepth && Packed(wire.Message) is { } packed)
        {
            details.Add(Of(packed, depth + 1));
        }

        var message = (wire.Message ?? "").ReplaceLineEndings(" ").Trim();
        return new AzureFault(
            wire.Code ?? "Unknown",
            message.Length <= MostMessage ? message : message[..MostMessage] + "…",
            wire.Target,
            [.. details]);
    }

    /// <summary>A provider's error that the deployment engine put into a message as text; null when the message is only a message.</summary>
    private static WireError? Packed(string? message)
    {
        if (message?.TrimStart() is not ['{', ..])
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(message, ArmJson.Default.WireError) is { } wire && (wire.Code ?? wire.Error?.Code) is not null ? wire : null;
        }
        catch (JsonException)
        {
            // It only looks like one.
            return null;
        }
    }
}
