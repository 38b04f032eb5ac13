using Ebb.Clouds;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Machines;
using Ebb.Simulation.Worlds;
using Microsoft.Extensions.Logging;

namespace Ebb.Simulation.Scenarios;

/// <summary>Runs one scenario to its end and tells what did not hold.</summary>
public sealed class SimulationRun : IDisposable
{
    private static readonly TimeSpan LookForRestEvery = TimeSpan.FromMinutes(1);

    private readonly Scenario _scenario;
    private readonly ILoggerFactory _loggers;
    private readonly Func<World, ICloud, ICloud>? _sabotage;
    private readonly World _world;
    private readonly Journal _journal;
    private readonly Invariants _invariants;
    private readonly SlipIns _slipIns;
    private readonly SimulatedController?[] _controllers;
    private readonly HashSet<string> _impossible = [];
    private int _started;
    private double _failing;
    private double _lost;
    private bool _down;

    private SimulationRun(
        Scenario scenario, Action<string>? journal, ILoggerFactory loggers, Func<World, ICloud, ICloud>? sabotage)
    {
        _sabotage = sabotage;
        _scenario = scenario;
        _loggers = loggers;
        var kubernetes = new KubernetesOptions
        {
            Seed = scenario.Seed,
            EventsKept = 0,
            Hollow = new HollowOptions { LeaseEvery = null },
        };
        _world = new World(scenario.Cloud, kubernetes, new HollowMachineOptions { MeasureCpu = false });
        _journal = new Journal(_world, journal);
        _invariants = new Invariants(_world);
        _slipIns = new SlipIns(_world, scenario);
        _controllers = new SimulatedController?[scenario.Controllers];
    }

    /// <param name="journal">Is handed a line for everything that happens; null to do without.</param>
    public static SimulationResult Run(Scenario scenario, Action<string>? journal, ILoggerFactory loggers) =>
        Run(scenario, journal, loggers, sabotage: null);

    /// <param name="sabotage">Puts something in front of the cloud that breaks a promise, to see that it is noticed.</param>
    internal static SimulationResult Run(
        Scenario scenario, Action<string>? journal, ILoggerFactory loggers, Func<World, ICloud, ICloud>? sabotage)
    {
        using var run = new SimulationRun(scenario, journal, loggers, sabotage);
        return run.Run();
    }

    public void Dispose()
    {
        foreach (var controller in _controllers)
        {
            controller?.Process.Kill();
            controller?.Dispose();
        }

        _world.Dispose();
    }

    private SimulationResult Run()
    {
        _world.Begin();
        foreach (var (name, spec) in _scenario.Pools)
        {
            _world.AddPool(name, spec);
        }

        for (var i = 0; i < _controllers.Length; i++)
        {
            StartController(i);
        }

        foreach (var happening in _scenario.Happenings)
        {
            RunUntil(happening.At);
            _journal.Add(happening.ToString());
            Do(happening);
        }

        RunUntil(_scenario.CalmFrom);
        BeCalm();
        var missing = SettleDown();
        return new SimulationResult
        {
            Seed = _scenario.Seed,
            Violations = [.. _invariants.Violations, .. missing],
            Digest = _journal.Digest,
            Took = _world.Elapsed,
            Interruptions = _invariants.Interruptions,
        };
    }

    private void Do(Happening happening)
    {
        switch (happening)
        {
            case Happening.Create create:
                if (!create.Satisfiable)
                {
                    _impossible.Add((string)create.Json["metadata"]!["name"]!);
                }

                _world.Kubernetes.Store.Create(create.Kind, create.Json);
                break;
            case Happening.Delete delete:
                _world.Kubernetes.Store.Delete(delete.Kind, "default", delete.Name, Sandbox.Kubernetes.Store.DeleteOptions.Default);
                break;
            case Happening.CloudFault fault:
                _world.Cloud.Faults.Add(fault.Fault);
                break;
            case Happening.Shortage shortage:
                _world.Cloud.SetAvailability(shortage.Availability);
                break;
            case Happening.Silence silence:
                Silence(silence);
                break;
            case Happening.ApiServer server:
                _down = server.Down;
                TroubleNetwork(cut: server.Down);
                break;
            case Happening.BadNetwork bad:
                (_failing, _lost) = (bad.Failing, bad.Lost);
                TroubleNetwork(cut: false);
                break;
            case Happening.CutWatches:
                TroubleNetwork(cut: true);
                break;
            case Happening.Crash crash:
                _controllers[crash.Controller]?.Process.Kill();
                _controllers[crash.Controller] = null;
                _world.Agenda.In(crash.DownFor, () => StartController(crash.Controller));
                break;
            case Happening.Restart restart:
                _controllers[restart.Controller]?.Stop();
                _controllers[restart.Controller] = null;
                StartController(restart.Controller);
                break;
        }
    }

    private void Silence(Happening.Silence silence)
    {
        var up = _world.Cloud.Find(World.Group, silence.Pool)!.Instances.Values
            .Where(machine => machine.GuestUp && machine.Counts && _world.Kubernetes.Kubelets.Find(World.NodeName(machine)) is { Alive: true })
            .OrderBy(machine => machine.Number)
            .ToList();
        if (up.Count > 0)
        {
            var machine = up[(int)(silence.Which * up.Count)];
            _invariants.IsSilent(machine);
            _world.Kubernetes.Kubelets.Kill(World.NodeName(machine));
        }
    }

    private void StartController(int number)
    {
        // It may have been restarted by another happening while it was down.
        if (_controllers[number] is null)
        {
            var life = ++_started;
            var controller = new SimulatedController(
                _world, $"controller-{number}-{life}", unchecked((_scenario.Seed * 1009) + life), _scenario.Policy, _scenario.OverProtocol, _loggers,
                _sabotage is null ? null : cloud => _sabotage(_world, cloud));
            controller.Kubernetes.Told += (about, reason, message) => _journal.Add($"event {about.Kind} {about.Name} {reason}: {message}");
            _controllers[number] = controller;
            TroubleNetwork(cut: false);
            controller.Start();
        }
    }

    private void TroubleNetwork(bool cut)
    {
        foreach (var controller in _controllers)
        {
            if (controller is not null)
            {
                var faults = controller.KubernetesFaults;
                (faults.Down, faults.Failing, faults.Lost) = (_down, _failing, _lost);
                (faults.Lag, faults.PodLag) = (_scenario.WatchLag, _scenario.PodLag);
                if (cut)
                {
                    faults.CutWatches();
                }
            }
        }
    }

    private void BeCalm()
    {
        _journal.Add("calm");
        _world.Cloud.Faults.Clear();
        _world.Cloud.SetAvailability([]);
        (_down, _failing, _lost) = (false, 0, 0);
        TroubleNetwork(cut: false);
        _slipIns.End();
    }

    /// <returns>What was not done in time.</returns>
    private IReadOnlyList<string> SettleDown()
    {
        var until = _scenario.CalmFrom + _scenario.SettlesWithin;
        while (true)
        {
            var missing = Rest.Missing(_world, _impossible);
            if (missing.Count == 0 || _world.Elapsed >= until)
            {
                return [.. missing.Select(what => $"{_scenario.SettlesWithin} after all trouble: {what}")];
            }

            _world.Runner.Run(LookForRestEvery);
        }
    }

    private void RunUntil(TimeSpan at) => _world.Runner.RunUntil(_world.Start + at);
}

/// <summary>What came of a scenario.</summary>
public sealed record SimulationResult
{
    public required int Seed { get; init; }

    /// <summary>What did not hold; empty when all is well.</summary>
    public required IReadOnlyList<string> Violations { get; init; }

    /// <summary>Of all that happened: the same for each run of the same scenario.</summary>
    public required string Digest { get; init; }

    /// <summary>Of virtual time.</summary>
    public required TimeSpan Took { get; init; }

    /// <summary>Pods that were lost before they had finished, by whomever.</summary>
    public required int Interruptions { get; init; }
}
