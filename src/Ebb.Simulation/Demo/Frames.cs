using System.Text.Json.Nodes;

namespace Ebb.Simulation.Demo;

/// <summary>One frame to be rendered.</summary>
/// <param name="At">When it is handed in, from the start of the run.</param>
/// <param name="Takes">How long its rendering takes when nothing interrupts it.</param>
internal sealed record Frame(string Name, TimeSpan At, TimeSpan Takes)
{
    // Two frames to a machine of four cores; the rest of it is for the system.
    public const int CpuMilli = 1800;
    public const int PerMachine = 2;
    private const int MemoryMiB = 3072;

    /// <summary>The Job that renders it, as a user would write it.</summary>
    public JsonObject ToJob() => new()
    {
        ["apiVersion"] = "batch/v1",
        ["kind"] = "Job",
        ["metadata"] = new JsonObject { ["name"] = Name, ["namespace"] = "default" },
        ["spec"] = new JsonObject
        {
            // However often a machine goes, the frame is wanted.
            ["backoffLimit"] = 1000,
            ["template"] = new JsonObject
            {
                ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = "render" } },
                ["spec"] = new JsonObject
                {
                    ["restartPolicy"] = "Never",
                    ["containers"] = new JsonArray(new JsonObject
                    {
                        ["name"] = "render",
                        ["image"] = "busybox",
                        ["command"] = new JsonArray("sleep", $"{(int)Takes.TotalSeconds}"),
                        ["resources"] = new JsonObject
                        {
                            ["requests"] = new JsonObject { ["cpu"] = $"{CpuMilli}m", ["memory"] = $"{MemoryMiB}Mi" },
                        },
                    }),
                },
            },
        },
    };
}

/// <summary>The frames of one day: they come in waves, most are short and a few take very long.</summary>
internal static class Frames
{
    private const int Waves = 5;
    private static readonly TimeSpan Between = TimeSpan.FromMinutes(35);

    // A wave is handed in by several people within some minutes.
    private static readonly TimeSpan Spread = TimeSpan.FromMinutes(6);

    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(75);

    // Half the frames take less than this; with this spread one in twenty takes more than six times as long.
    private static readonly TimeSpan Median = TimeSpan.FromMinutes(5);
    private const double Sigma = 1.15;

    public static IReadOnlyList<Frame> Make(DemoOptions options)
    {
        var random = new Random(options.Seed);
        var shares = Enumerable.Range(0, Waves).Select(_ => 0.4 + random.NextDouble()).ToArray();
        var frames = new List<Frame>(options.Frames);
        var dealt = 0.0;
        for (var wave = 0; wave < Waves; wave++)
        {
            dealt += shares[wave] / shares.Sum() * options.Frames;
            var until = wave == Waves - 1 ? options.Frames : (int)Math.Round(dealt);
            var begins = TimeSpan.FromMinutes(2) + (Between * (wave + (0.4 * random.NextDouble())));
            while (frames.Count < until)
            {
                frames.Add(new Frame($"frame-{frames.Count + 1:0000}", begins + (Spread * random.NextDouble()), Length(random)));
            }
        }

        return [.. frames.OrderBy(frame => frame.At)];
    }

    private static TimeSpan Length(Random random)
    {
        // Box and Muller's way from even to normal.
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        var length = Median * Math.Exp(Sigma * normal);
        return TimeSpan.FromSeconds(Math.Round(Math.Clamp(length.TotalSeconds, Shortest.TotalSeconds, Longest.TotalSeconds)));
    }
}
