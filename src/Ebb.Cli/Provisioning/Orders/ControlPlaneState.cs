using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Cli.Provisioning.Orders;

/// <summary>How far one control-plane machine is: the content of its <see cref="SystemShare.State"/>, written by itself.</summary>
internal sealed record ControlPlaneState
{
    public const int MostBytes = 64 << 10;

    public required string Machine { get; init; }

    /// <summary>Of the orders that it works on or last worked on; empty where it was born without any.</summary>
    public required string Generation { get; init; }

    /// <summary>0 for a machine that was born to these orders, without a turn.</summary>
    public required int Attempt { get; init; }

    public required ControlPlanePhase Phase { get; init; }

    /// <summary>What it waits for while it works, or why it failed; else null.</summary>
    public string? Why { get; init; }

    /// <summary>That its API server says it runs; else that of the program; empty before there is one.</summary>
    public required string Release { get; init; }

    /// <summary>SHA-256, in hexadecimal, of its program <c>ebb</c>; empty before there is one.</summary>
    public required string Ebb { get; init; }

    /// <summary>Whether it holds the API's store or a part of it, which a machine that is just being born does not.</summary>
    public bool Store { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <returns>Null for a file that is empty or being written: to be read again later.</returns>
    /// <exception cref="EbbException">It is not what a machine writes.</exception>
    public static ControlPlaneState? Read(ReadOnlySpan<byte> content, string machine) =>
        content.IndexOfAnyExcept((byte)0) < 0 ? null : OrdersJson.Read(content, SystemShare.State(machine), OrdersJson.Default.ControlPlaneState);

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, OrdersJson.Default.ControlPlaneState);
}

[JsonConverter(typeof(ControlPlanePhaseConverter))]
internal enum ControlPlanePhase
{
    Working,

    /// <summary>It is as the generation says, and was seen to work so. Of whatever attempt.</summary>
    Done,

    /// <summary>It stays as it is until the next attempt or generation.</summary>
    Failed,
}

internal sealed class ControlPlanePhaseConverter() : JsonStringEnumConverter<ControlPlanePhase>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
