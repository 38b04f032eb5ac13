using System.CommandLine;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Sandboxes.Subscription;

namespace Ebb.Cli.Sandboxes;

/// <summary>The settings of a sandbox as options of a command.</summary>
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

    private readonly Option<KubernetesKind?> _kubernetes = new("--kubernetes")
    {
        Description = "embedded: acted out in this process; real: Kubernetes' own programs. Default: what there is, else embedded.",
        HelpName = "KIND",
        CustomParser = argument => Choices.Parse<KubernetesKind>(argument),
        CompletionSources = { Choices.Words<KubernetesKind>() },
    };

    private readonly Option<MachineKind?> _machines = new("--machines")
    {
        Description = "With real Kubernetes. hollow: kubelets that act pods out; nspawn: a Linux userland each. Default: nspawn where it can run.",
        HelpName = "KIND",
        CustomParser = argument => Choices.Parse<MachineKind>(argument),
        CompletionSources = { Choices.Words<MachineKind>() },
    };

    private readonly Option<int?> _etcd = new("--etcd")
    {
        Description = "With real Kubernetes: members of etcd, 1, or 3 of which one may fail. Default: as many as there are, else 1.",
        HelpName = "N",
    };

    private readonly Option<KeyAlgorithm?> _keys = new("--keys")
    {
        Description = "With real Kubernetes: what kind of keys to make, ecdsa or rsa. Those that exist stay as they are.",
        HelpName = "KIND",
        CustomParser = argument => Choices.Parse<KeyAlgorithm>(argument),
        CompletionSources = { Choices.Words<KeyAlgorithm>() },
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_kubernetes);
        command.Options.Add(_machines);
        command.Options.Add(_etcd);
        command.Options.Add(_keys);
        command.Options.Add(_max);
        command.Options.Add(_idleAfter);
        command.Options.Add(_speed);
        command.Options.Add(_port);
    }

    /// <summary>For a cluster of an ebb.yaml: most of what can be chosen here stands in that file.</summary>
    /// <exception cref="EbbException">Something is given that only a sandbox of this machine has, or is out of bounds.</exception>
    public SubscriptionSettings ReadForSubscription(ParseResult parsed)
    {
        foreach (var option in new Option[] { _max, _idleAfter, _port, _machines, _etcd, _keys })
        {
            if (parsed.GetResult(option) is { Implicit: false })
            {
                throw new EbbException($"{option.Name} is for a sandbox of this machine; for a cluster of an ebb.yaml that file says it.");
            }
        }

        var settings = Read(parsed);
        return new SubscriptionSettings { Speed = settings.Speed, Kubernetes = settings.Kubernetes };
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
            Kubernetes = parsed.GetValue(_kubernetes),
            Machines = parsed.GetValue(_machines),
            EtcdMembers = parsed.GetValue(_etcd),
            Keys = parsed.GetValue(_keys),
        };
        return settings.Problems().ToList() is { Count: > 0 } problems ? throw new EbbException(string.Join(' ', problems)) : settings;
    }
}
