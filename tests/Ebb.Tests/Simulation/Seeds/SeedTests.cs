using System.Collections.Concurrent;
using Ebb.Simulation.Scenarios;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Simulation.Seeds;

/// <summary>
/// Random work, random trouble, restarts at random: whatever happens, Ebb keeps its promises. <c>EBB_SEEDS</c> says how many
/// seeds (default 600), <c>EBB_SEED</c> replays one and prints all that happened.
/// </summary>
[Trait("Suite", "sim")]
public class SeedTests
{
    private const int MostShown = 10;

    [Fact]
    public void Whatever_the_seed_no_work_is_hurt_and_all_comes_to_rest()
    {
        if (Environment.GetEnvironmentVariable("EBB_SEED") is { Length: > 0 } one)
        {
            Replay(int.Parse(one));
            return;
        }

        var seeds = Environment.GetEnvironmentVariable("EBB_SEEDS") is { Length: > 0 } many ? int.Parse(many) : 600;
        var failures = new ConcurrentBag<SimulationResult>();
        Parallel.For(1, seeds + 1, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            var result = Run(seed);
            if (result.Violations.Count > 0)
            {
                failures.Add(result);
            }
        });

        Assert.True(failures.IsEmpty, $"{failures.Count} of {seeds} seeds failed:\n{Describe(failures)}");
    }

    private static SimulationResult Run(int seed)
    {
        try
        {
            return SimulationRun.Run(ScenarioMaker.Make(seed), null, NullLoggerFactory.Instance);
        }
        catch (Exception e)
        {
            return new SimulationResult { Seed = seed, Violations = [$"ended by {e}"], Digest = "", Took = default, Interruptions = 0 };
        }
    }

    private static void Replay(int seed)
    {
        var output = TestContext.Current.TestOutputHelper!;
        using var loggers = LoggerFactory.Create(builder => builder.AddProvider(new LinesTo(output.WriteLine)));
        var result = SimulationRun.Run(ScenarioMaker.Make(seed), output.WriteLine, loggers);
        Assert.True(result.Violations.Count == 0, Describe([result]));
    }

    private static string Describe(IEnumerable<SimulationResult> failures) => string.Join(
        "\n",
        failures.OrderBy(result => result.Seed).Take(MostShown).Select(result =>
            $"seed {result.Seed}, replay with: EBB_SEED={result.Seed} ./test sim\n    {string.Join("\n    ", result.Violations)}"));

    private sealed class LinesTo(Action<string> write) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            write($"    {logLevel}: {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
