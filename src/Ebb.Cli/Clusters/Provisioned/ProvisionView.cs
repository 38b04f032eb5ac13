using System.Collections.Immutable;
using System.Text.Json;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Clouds.Azure.Deployments;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Shows how setting a cluster up goes: a table on a terminal, a line for each change in a pipe, a document each for scripts.</summary>
internal sealed class ProvisionView(Terminal terminal, bool json, TimeProvider time)
{
    private const int MostResources = 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _states = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(string Step, string What, string State, Tone Tone)> _steps = [];
    private ImmutableArray<DeploymentStep> _resources = [];
    private string _note = "";
    private Action _redraw = static () => { };

    /// <summary>Runs what tells of itself.</summary>
    public async Task RunAsync(Func<Action<ProvisionEvent>, Task> act)
    {
        if (json || !terminal.Rich)
        {
            await act(Tell);
            return;
        }

        await terminal.Console.Live(new Text("")).Overflow(VerticalOverflow.Crop).StartAsync(async live =>
        {
            _redraw = () => live.UpdateTarget(Draw());
            await act(Tell);
        });
    }

    private void Tell(ProvisionEvent happened)
    {
        lock (_lock)
        {
            if (json)
            {
                terminal.Print(JsonSerializer.Serialize(ProvisionReport.Of(happened, time.GetUtcNow()), ProvisionJson.Default.ProvisionReport));
            }
            else if (terminal.Rich)
            {
                Keep(happened);
                _redraw();
            }
            else
            {
                foreach (var line in Lines(happened))
                {
                    terminal.Say(line);
                }
            }
        }
    }

    private IEnumerable<string> Lines(ProvisionEvent happened)
    {
        switch (happened)
        {
            case ProvisionEvent.Began began:
                yield return $"{began.What} ...";
                break;
            case ProvisionEvent.Ended ended:
                yield return $"{ended.What}: {(ended.Changed ? $"done in {Words.Span(ended.Took)}" : "as wanted already")}";
                break;
            case ProvisionEvent.Note note:
                yield return $"  {note.Text}";
                break;
            case ProvisionEvent.Progress progress:
                foreach (var step in progress.Resources.Where(step => Changed(step)))
                {
                    yield return $"  {Name(step)}: {step.State}{(step.Took is { } took && step.State == "Succeeded" ? $" after {Words.Span(took)}" : "")}{(step.Fault is { } fault ? $": {fault}" : "")}";
                }

                break;
        }
    }

    private bool Changed(DeploymentStep step)
    {
        if (_states.GetValueOrDefault(step.OperationId) == step.State)
        {
            return false;
        }

        _states[step.OperationId] = step.State;
        return true;
    }

    private void Keep(ProvisionEvent happened)
    {
        switch (happened)
        {
            case ProvisionEvent.Began began:
                _steps.Add((began.Step, began.What, "...", Tone.Warn));
                _note = "";
                _resources = [];
                break;
            case ProvisionEvent.Ended ended:
                _steps[^1] = (ended.Step, ended.What, ended.Changed ? $"done in {Words.Span(ended.Took)}" : "as wanted already", Tone.Good);
                _note = "";
                _resources = [];
                break;
            case ProvisionEvent.Note note:
                _note = note.Text;
                break;
            case ProvisionEvent.Progress progress:
                _resources = progress.Resources;
                break;
        }
    }

    private Rows Draw()
    {
        var steps = new Output.Grid("", "");
        foreach (var (_, what, state, tone) in _steps)
        {
            steps.Add(new Cell(what), new Cell(state, tone));
        }

        var parts = new List<IRenderable> { steps.AsTable().HideHeaders().NoBorder() };
        if (!_resources.IsEmpty)
        {
            var grid = new Output.Grid("resource", "state", "for");
            foreach (var step in _resources.OrderBy(s => s.State == "Succeeded").Take(MostResources))
            {
                grid.Add(new Cell(Name(step)), new Cell(step.State, ToneOf(step.State)), new Cell(step.Took is { } took ? Words.Span(took) : "", Tone.Quiet));
            }

            if (_resources.Length > MostResources)
            {
                grid.Add(new Cell($"and {_resources.Length - MostResources} more", Tone.Quiet), new Cell(""), new Cell(""));
            }

            parts.Add(grid.AsTable());
        }

        if (_note.Length > 0)
        {
            parts.Add(new Text(_note, Tones.Style(Tone.Quiet)));
        }

        return new Rows(parts);
    }

    private static string Name(DeploymentStep step) => $"{step.Type?[(step.Type.LastIndexOf('/') + 1)..]} {step.Name}";

    private static Tone ToneOf(string state) => state switch
    {
        "Succeeded" => Tone.Good,
        "Failed" or "Canceled" => Tone.Bad,
        _ => Tone.Warn,
    };
}
