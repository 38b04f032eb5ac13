using System.CommandLine;
using System.Globalization;

namespace Ebb.Cli.Sandboxes;

/// <summary>What a user may choose about a sandbox.</summary>
internal sealed record SandboxSettings
{
    /// <summary>How many machines the pool may have at most. Default 10, 1 to 1000.</summary>
    public int Max { get; init; } = 10;

    /// <summary>How long a machine stays idle before it goes. Default 60 s: soon enough to be watched; 1 s to 24 h.</summary>
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How many times faster than usual machines boot and go. Default 1: about 15 s to boot. 0.1 to 1000.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>Port of the Kubernetes API on 127.0.0.1; 0 for any that is free.</summary>
    public int Port { get; init; }

    public IEnumerable<string> Problems()
    {
        if (Max is < 1 or > 1000)
        {
            yield return $"--max is {Max}; it must be from 1 to 1000.";
        }

        if (IdleAfter < TimeSpan.FromSeconds(1) || IdleAfter > TimeSpan.FromHours(24))
        {
            yield return $"--idle-after is {IdleAfter.TotalSeconds:0.###}s; it must be from 1s to 24h.";
        }

        if (Speed is not (>= 0.1 and <= 1000))
        {
            yield return $"--speed is {Speed}; it must be from 0.1 to 1000.";
        }

        if (Port is < 0 or > 65535)
        {
            yield return $"--port is {Port}; it must be from 1 to 65535, or 0 for any that is free.";
        }
    }

    public IEnumerable<string> ToArguments() =>
    [
        "--max", Max.ToString(CultureInfo.InvariantCulture),
        "--idle-after", $"{IdleAfter.TotalSeconds.ToString(CultureInfo.InvariantCulture)}s",
        "--speed", Speed.ToString(CultureInfo.InvariantCulture),
        "--port", Port.ToString(CultureInfo.InvariantCulture),
    ];
}

/// <summary>The same as options of a command.</summary>
internal sealed class SandboxSettingsOptions
{
    private static readonly SandboxSettings Defaults = new();

    private readonly Option<int> _max = new("--max")
    {
        Description = "Most machines of the pool 'agents'.",
        HelpName = "N",
        DefaultValueFactory = _ => Defaults.Max,
    };

    private readonly Option<TimeSpan> _idleAfter = new("--idle-after")
    {
        Description = "How long a machine stays idle before it goes: 45s, 5m, 1h.",
        HelpName = "SPAN",
        DefaultValueFactory = _ => Defaults.IdleAfter,
        CustomParser = Spans.Parse,
    };

    private readonly Option<double> _speed = new("--speed")
    {
        Description = "How many times faster than usual machines boot and go.",
        HelpName = "X",
        DefaultValueFactory = _ => Defaults.Speed,
    };

    private readonly Option<int> _port = new("--port")
    {
        Description = "Port of the Kubernetes API; 0 for any that is free.",
        HelpName = "PORT",
        DefaultValueFactory = _ => Defaults.Port,
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_max);
        command.Options.Add(_idleAfter);
        command.Options.Add(_speed);
        command.Options.Add(_port);
    }

    /// <exception cref="EbbException">Something is out of bounds; all of it is named.</exception>
    public SandboxSettings Read(ParseResult parsed)
    {
        var settings = new SandboxSettings
        {
            Max = parsed.GetValue(_max),
            IdleAfter = parsed.GetValue(_idleAfter),
            Speed = parsed.GetValue(_speed),
            Port = parsed.GetValue(_port),
        };
        return settings.Problems().ToList() is { Count: > 0 } problems ? throw new EbbException(string.Join(' ', problems)) : settings;
    }
}
