using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.Clusters;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Commands;

/// <summary>Makes the cluster of an ebb.yaml, or brings it to what the file says; without a file, a sandbox of this machine.</summary>
internal static class UpCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = NameOption.Create();
        var file = new FileOption();
        var yes = new Option<bool>("--yes", "-y") { Description = "With a file: change what there is without asking." };
        var force = new Option<bool>("--force") { Description = "With a file: change a control-plane machine also while others are not ready." };
        var storageOnly = new Option<bool>("--storage-only") { Description = "With a file: make the storage group and what lies on its shares, no machines." };
        var detach = new Option<bool>("--detach", "-d") { Description = "Let it run in the background; 'ebb down' ends it." };
        var json = JsonOutput.Option();
        var settings = new SandboxSettingsOptions();
        var verb = new Verb("up", "Make the cluster of ebb.yaml, or bring it to what the file says; without a file, start one on this machine to try Ebb on.")
        {
            Options = { name, detach, yes, force, storageOnly, json },
            Examples =
            [
                new("ebb up", "beside an ebb.yaml: that cluster; else a sandbox in this terminal, until Ctrl-C"),
                new("ebb up -f farm.yaml --yes", "another file; without asking before something changes"),
                new("ebb up -d", "without an ebb.yaml: a sandbox in the background"),
                new("ebb up -d --name second --max 50 --idle-after 10s", "another one beside it"),
                new("ebb up -d --kubernetes real --etcd 3", "Kubernetes' own programs, and a store that survives the loss of a member"),
            ],
        };
        settings.AddTo(verb);
        file.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            if (file.PathOf(parsed, name) is { } path)
            {
                var options = new ClusterCommandOptions(parsed.GetValue(yes), parsed.GetValue(json), parsed.GetValue(Root.Verbose));
                await (parsed.GetValue(storageOnly)
                    ? StorageUp.RunAsync(path, settings.ReadForSubscription(parsed), options, terminal, ct)
                    : ClusterCommands.UpAsync(path, settings.ReadForSubscription(parsed), parsed.GetValue(force), options, terminal, ct));
                return;
            }

            if (parsed.GetValue(storageOnly))
            {
                throw new EbbException("--storage-only is about the cluster of a file: name it with -f, or run this beside an ebb.yaml.");
            }

            var home = SandboxHome.Of(parsed.GetRequiredValue(name));
            var chosen = settings.Read(parsed);
            var asJson = parsed.GetValue(json);
            if (home.IsHosted())
            {
                await JoinAsync(home, chosen, parsed.GetValue(detach), asJson, terminal, ct);
                return;
            }

            if (home.KindFor(chosen) is KubernetesKind.Real)
            {
                await BinariesBuild.EnsureAsync(terminal.Say, ct);
                chosen = chosen with { Machines = await MachineChoice.SettleAsync(chosen.Machines, terminal.Say, ct) };
            }

            if (parsed.GetValue(detach))
            {
                terminal.Say($"Starting sandbox '{home.Name}' ...");
                var state = await SandboxStart.StartAsync(home, chosen, TimeProvider.System, ct);
                Tell(home, state, ranAlready: false, asJson, terminal);
            }
            else
            {
                await SandboxHere.RunAsync(home, chosen, state => Tell(home, state, ranAlready: false, asJson, terminal), terminal, ct);
            }
        });
        return verb;
    }

    /// <summary>It runs already: the same words as if it had just been started.</summary>
    private static async Task JoinAsync(
        SandboxHome home, SandboxSettings chosen, bool detach, bool json, Terminal terminal, CancellationToken ct)
    {
        var state = await SandboxStart.WaitAsync(home, TimeProvider.System, ct);
        if (chosen.Kubernetes is { } wanted && wanted != state.Kind)
        {
            throw new EbbException(
                $"Sandbox '{home.Name}' runs already, with {Choices.Word(state.Kind)} Kubernetes. End it with 'ebb down', or start another beside it with --name.");
        }

        Tell(home, state, ranAlready: true, json, terminal);
        if (!detach)
        {
            await using var target = Target.Open(home, state.Azure, Logs.ForLooking(verbose: false));
            await LiveStatus.ShowAsync(target, terminal, json: false, ct);
        }
    }

    private static void Tell(SandboxHome home, SandboxState state, bool ranAlready, bool json, Terminal terminal)
    {
        if (json)
        {
            var report = new UpReport
            {
                Name = home.Name,
                ProcessId = state.Host.Id,
                Kubernetes = state.Kubernetes,
                Kind = Choices.Word(state.Kind),
                Machines = state.Machines is { } machines ? Choices.Word(machines) : null,
                Azure = state.Azure.Endpoint,
                Kubeconfig = home.Kubeconfig,
                Log = home.Log,
                RanAlready = ranAlready,
            };
            terminal.Print(JsonSerializer.Serialize(report, ReportJson.Default.UpReport));
            return;
        }

        var ebb = Launcher.Command;
        var flag = home.Name == SandboxHome.DefaultName ? "" : $" --name {home.Name}";
        terminal.Print($"Sandbox '{home.Name}' {(ranAlready ? "runs already" : "is up")}: Kubernetes at {state.Kubernetes}, Azure at {state.Azure.Endpoint}");
        terminal.Print("");
        terminal.Print("Try next:");
        terminal.Print($"  export KUBECONFIG={Launcher.Quote(home.Kubeconfig)}");
        terminal.Print($"  kubectl apply -f {Launcher.Quote(Launcher.Example("render-farm.yaml"))}");
        terminal.Print($"  {ebb} status -w{flag}");
        terminal.Print($"  {ebb} why agents{flag}");
        terminal.Print($"  {ebb} down{flag}");
        terminal.Print("");
    }
}
