using System.CommandLine;
using Ebb.Cli.Output;
using Ebb.Cli.Sandboxes;
using Ebb.Cli.Sandboxes.Subscription;

namespace Ebb.Cli.Commands;

/// <summary>Hosts the sandbox's subscription of one cluster in this process, for 'ebb up' with an ebb.yaml. Ends on SIGTERM.</summary>
internal static class SubscriptionHostCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = new Option<string>("--name") { Description = "The cluster.", HelpName = "NAME", Required = true };
        var region = new Option<string>("--region") { Description = "The region that there is.", HelpName = "REGION", Required = true };
        var speed = new Option<double>("--speed") { Description = "How many times faster than usual machines boot and go.", HelpName = "X", DefaultValueFactory = _ => 1 };
        var kubernetes = new Option<KubernetesKind?>("--kubernetes")
        {
            Description = "What its control-plane machines run.",
            HelpName = "KIND",
            CustomParser = argument => Choices.Parse<KubernetesKind>(argument),
        };
        var fresh = new Option<bool>("--fresh") { Description = "As a subscription of Azure that nobody has used: its resource providers are yet to be registered." };
        var verb = new Verb("subscription-host", "Host the sandbox's Azure for one cluster in this process.")
        {
            Hidden = true,
            Options = { name, region, speed, kubernetes, fresh },
            Examples =
            [
                new("ebb subscription-host --name farm --region westeurope", "under a service manager, say; SIGTERM ends it"),
                new("ebb subscription-host --name farm --region eastus --fresh", "what 'ebb up' does in a subscription that was never used"),
            ],
        };
        verb.SetAction(async (parsed, ct) =>
        {
            HostCommand.LeaveTerminal();
            var settings = new SubscriptionSettings
            {
                Region = parsed.GetRequiredValue(region),
                Speed = parsed.GetValue(speed),
                Kubernetes = parsed.GetValue(kubernetes),
                Fresh = parsed.GetValue(fresh),
            };
            await SubscriptionHost.RunAsync(SandboxHome.OfSubscription(parsed.GetRequiredValue(name)), settings, ct);
        });
        return verb;
    }
}
