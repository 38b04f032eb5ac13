using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Kubelet;

namespace Ebb.Sandbox.Machines;

/// <summary>A machine whose services are up.</summary>
/// <param name="Node">What its kubelet would register.</param>
public sealed record BootedMachine(Instance Instance, ScaleSet Set, HollowNode Node);
