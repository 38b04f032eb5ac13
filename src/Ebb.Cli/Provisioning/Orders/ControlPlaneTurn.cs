using System.Collections.Immutable;
using System.Text.Json;

namespace Ebb.Cli.Provisioning.Orders;

/// <summary>
/// Which machines may bring themselves to a generation of <see cref="ControlPlaneOrders"/> now: the content of <see cref="SystemShare.Turn"/>.
/// One more is named when those before have reported that they are done.
/// </summary>
/// <param name="Attempt">Begins with 1. A machine that reported a failure tries again when it is higher than the attempt it failed in.</param>
/// <param name="Machines">By their names in <see cref="ResourceNames.ControlPlaneMachine"/>.</param>
internal sealed record ControlPlaneTurn(string Generation, int Attempt, ImmutableArray<string> Machines)
{
    public const int MostBytes = 64 << 10;

    /// <exception cref="EbbException">It is not what this writes.</exception>
    public static ControlPlaneTurn Read(ReadOnlySpan<byte> content) => OrdersJson.Read(content, SystemShare.Turn, OrdersJson.Default.ControlPlaneTurn);

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, OrdersJson.Default.ControlPlaneTurn);
}
