using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ebb.Cli.Demo;
using Ebb.Cli.Output;
using Ebb.Simulation.Demo;

namespace Ebb.Cli.Commands;

/// <summary>Shows one render farm under two regimes, on a virtual clock.</summary>
internal static class DemoCommand
{
    public static Command Create(Terminal terminal)
    {
        var defaults = new DemoOptions();
        var seed = new Option<int>("--seed") { Description = "Another seed is another day.", HelpName = "N", DefaultValueFactory = _ => defaults.Seed };
        var frames = new Option<int>("--frames") { Description = "How many frames come in.", HelpName = "N", DefaultValueFactory = _ => defaults.Frames };
        var speed = new Option<double>("--speed") { Description = "2 is twice as fast, 0.5 half.", HelpName = "X", DefaultValueFactory = _ => 1 };
        var json = JsonOutput.Option();
        var picture = new Option<FileInfo>("--picture") { Description = "Write the view as an SVG file.", Hidden = true };
        var verb = new Verb("demo", "Watch a render farm grow and shrink: by Azure's own autoscale, and under Ebb.")
        {
            Options = { seed, frames, speed, json, picture },
            Examples =
            [
                new("ebb demo", "under a minute, nothing to set up"),
                new("ebb demo --seed 7 --frames 600 --speed 2", "another day, more frames, twice as fast"),
                new("ebb demo --json", "only the figures"),
            ],
        };
        verb.SetAction(async (parsed, ct) =>
        {
            var options = new DemoOptions { Seed = parsed.GetValue(seed), Frames = parsed.GetValue(frames) };
            var problems = options.Problems().ToList();
            var factor = parsed.GetValue(speed);
            if (factor is not (>= 0.1 and <= 1000))
            {
                problems.Add($"--speed is {factor}; it must be from 0.1 to 1000.");
            }

            if (problems.Count > 0)
            {
                throw new EbbException(string.Join(' ', problems));
            }

            var show = new DemoShow(terminal, TimeProvider.System, options, factor);
            var live = terminal.Rich && !parsed.GetValue(json);
            var result = live ? await show.PlayAsync(ct) : await show.ReportAsync(ct);
            if (parsed.GetValue(picture) is { } file)
            {
                await File.WriteAllTextAsync(file.FullName, show.Picture(result), ct);
            }

            if (parsed.GetValue(json))
            {
                terminal.Print(JsonSerializer.Serialize(result, DemoJson.Default.DemoComparison));
                return;
            }

            DemoTable.Of(result).Print(terminal);
        });
        return verb;
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(DemoComparison))]
internal sealed partial class DemoJson : JsonSerializerContext;
