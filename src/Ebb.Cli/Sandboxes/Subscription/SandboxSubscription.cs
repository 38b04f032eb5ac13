using Ebb.Clouds.Azure.Deployments;
using Ebb.Sandbox.Azure;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>The parts of a subscription that runs here.</summary>
/// <param name="Access">How its owner proves himself.</param>
/// <param name="Arm">As its owner.</param>
internal sealed record SandboxSubscription(SandboxHome Home, AzureAccess Access, AzureFace Face, AzureHost Host, ArmConnection Arm);
