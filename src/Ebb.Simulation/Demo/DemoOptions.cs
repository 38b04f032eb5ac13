namespace Ebb.Simulation.Demo;

/// <summary>What the render farm of the demo is to render.</summary>
public sealed record DemoOptions
{
    /// <summary>The same seed gives the same run, to the last machine. Default 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>How many frames come in, in waves. Default 300, 1 to 2000.</summary>
    public int Frames { get; init; } = 300;

    public IEnumerable<string> Problems()
    {
        if (Frames is < 1 or > 2000)
        {
            yield return $"frames is {Frames}; it must be from 1 to 2000.";
        }
    }
}

/// <summary>Who makes the render farm grow and shrink.</summary>
public enum DemoSide
{
    /// <summary>Azure's own autoscale settings, by average CPU, on a scale set without Ebb.</summary>
    AzureAutoscale,

    Ebb,
}
