using System.Collections.Immutable;
using System.Globalization;

namespace Ebb.Acting.Draining;

/// <summary>What <see cref="Marks.Operating"/> says of a node: what a command put on it, and which command works on it.</summary>
public sealed record OperatingMark
{
    /// <summary>How often a command that works on a node says so again.</summary>
    public static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(10);

    /// <summary>Who sees a mark unchanged for so long may take the node over: two renewals may fail.</summary>
    public static readonly TimeSpan StaleAfter = TimeSpan.FromSeconds(30);

    // Clocks differ: who has only the instant to go by allows for that.
    private static readonly TimeSpan LeftBehindAfter = TimeSpan.FromMinutes(1);

    private const string UntilStartPart = "stopped";

    private const string OwnerPart = "by=";

    private const string RenewedPart = "at=";

    /// <summary>What is to be taken off again: <c>cordon</c>, <c>keep</c>, both or neither.</summary>
    public ImmutableArray<string> Put { get; init; } = [];

    /// <summary>It stays until the machine is started.</summary>
    public bool UntilStart { get; init; }

    /// <summary>The command that works on the node, unlike any other: <c>user@host#id</c>. Null: none does any more.</summary>
    public string? Owner { get; init; }

    /// <summary>When the owner last said that it is at work, by its clock. Null without an owner.</summary>
    public DateTimeOffset? Renewed { get; init; }

    /// <summary>The owner for people, <c>user@host</c>; null for none.</summary>
    public string? By => Owner?.Split('#')[0];

    /// <param name="mark">The annotation's value; null where the node has none.</param>
    /// <returns>Null for a node that no command holds.</returns>
    public static OperatingMark? Read(string? mark)
    {
        if (mark is null)
        {
            return null;
        }

        var parts = mark.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return new OperatingMark
        {
            Put = [.. parts.Where(part => part != UntilStartPart && !part.Contains('=', StringComparison.Ordinal))],
            UntilStart = parts.Contains(UntilStartPart),
            Owner = Value(parts, OwnerPart),
            Renewed = DateTimeOffset.TryParse(Value(parts, RenewedPart), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null,
        };
    }

    /// <summary>Whether nobody seems to work on the node any more, and nobody took the hold off: its command was killed. A hold until the start is as it should be.</summary>
    public bool IsLeftBehind(DateTimeOffset now) => !UntilStart && (Owner is null || Renewed is not { } at || now - at >= LeftBehindAfter);

    /// <summary>As the annotation has it.</summary>
    public override string ToString()
    {
        List<string> parts = [.. Put];
        if (UntilStart)
        {
            parts.Add(UntilStartPart);
        }

        if (Owner is not null)
        {
            parts.Add($"{OwnerPart}{Owner}");
        }

        if (Renewed is { } at)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{RenewedPart}{at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}"));
        }

        return string.Join(',', parts);
    }

    private static string? Value(string[] parts, string name) =>
        Array.Find(parts, part => part.StartsWith(name, StringComparison.Ordinal)) is { } part && part.Length > name.Length ? part[name.Length..] : null;
}
