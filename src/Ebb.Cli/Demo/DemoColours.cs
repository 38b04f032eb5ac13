using Ebb.Simulation.Demo;
using Spectre.Console;

namespace Ebb.Cli.Demo;

/// <summary>How the demo shows what: each state has a shape of its own too, for terminals without colours.</summary>
internal static class DemoColours
{
    public static readonly Style Demand = new(new Color(61, 99, 164));

    public static readonly Style Capacity = new(new Color(229, 192, 123));

    public static readonly Style Good = new(new Color(126, 190, 110));

    public static readonly Style Bad = new(new Color(224, 92, 92));

    public static readonly Style Quiet = new(new Color(128, 128, 128));

    public static readonly Style Plain = Style.Plain;

    private static readonly Style Retiring = new(new Color(190, 120, 220));

    public static (char Shape, Style Style) Cell(DemoMachineState state) => state switch
    {
        DemoMachineState.Booting => ('▒', Capacity),
        DemoMachineState.Busy => ('█', Good),
        DemoMachineState.Idle => ('□', Quiet),
        _ => ('▚', Retiring),
    };
}
