using System.Text;
using System.Text.Json;

namespace Ebb.Kubernetes;

/// <summary>The last strings read, one per slot. A string that does not repeat is soon overwritten, so nothing piles up.</summary>
internal static class StringCache
{
    // Names, labels, phases and quantities are short; what is longer seldom repeats and would cost more to compare.
    private const int MaxLength = 128;

    private const int Slots = 8192;

    // Threads may race for a slot: whoever loses has merely made a string of its own.
    private static readonly string?[] Cache = new string?[Slots];

    /// <summary>The string or property name that the reader stands on; null for JSON's null.</summary>
    public static string? Get(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is JsonTokenType.Null)
        {
            return null;
        }

        if (reader.HasValueSequence || reader.ValueIsEscaped || reader.ValueSpan.Length > MaxLength
            || reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
        {
            return reader.GetString();
        }

        var utf8 = reader.ValueSpan;
        var hash = new HashCode();
        hash.AddBytes(utf8);
        ref var slot = ref Cache[(uint)hash.ToHashCode() % Slots];
        if (slot is { } hit && Same(hit, utf8))
        {
            return hit;
        }

        return slot = reader.GetString();
    }

    private static bool Same(string text, ReadOnlySpan<byte> utf8) =>
        text.Length == utf8.Length && Ascii.Equals(utf8, text);
}
