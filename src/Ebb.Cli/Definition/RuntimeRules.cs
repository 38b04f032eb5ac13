using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.Definition.Shapes;

namespace Ebb.Cli.Definition;

/// <summary>What must hold where something else than k3s' own containerd runs containers.</summary>
internal static class RuntimeRules
{
    private const string Key = "options.containerRuntime";

    public static void Check(ClusterFile file, Reading reading)
    {
        var (runtime, kubernetes) = (file.Options.ContainerRuntime, file.Kubernetes);
        if (runtime is ContainerRuntime.Containerd || !reading.IsSound("kubernetes"))
        {
            return;
        }

        if (kubernetes.Distribution is Distribution.K3s && file.Options.AirGapped)
        {
            // What lies in its directory of images is loaded by nothing else (k3s-io/k3s issues 3100 and 4502).
            var name = runtime is ContainerRuntime.Docker ? "docker" : "cri-o";
            reading.Problem(Key, $"with 'airGapped', k3s hands its images to its own containerd alone, and {name} would fetch them from outside. Write 'containerRuntime: containerd', or 'airGapped: false'.");
        }
        else if (runtime is ContainerRuntime.Docker && kubernetes.Distribution is Distribution.Kubelet)
        {
            reading.Problem(Key, "the kubelet alone cannot use docker since 1.24; write containerd or cri-o, or 'distribution: k3s'.");
        }
        else if (runtime is ContainerRuntime.CriO)
        {
            CriO(file, reading);
        }
    }

    private static void CriO(ClusterFile file, Reading reading)
    {
        var kubernetes = file.Kubernetes;
        var release = kubernetes.Version is { } version ? ReleaseVersion.Find(version) : K3sSupport.NewestOf(kubernetes.Channel);
        if (release is null && !file.Options.AirGapped)
        {
            reading.Problem(Key, "packages of cri-o are made for one minor release of Kubernetes each, and the file names none. Add 'version' under 'kubernetes', for example v1.35.3+k3s1, or a channel such as v1.35.");
        }
        else if (release is { } known && kubernetes.Distribution is Distribution.K3s && K3sSupport.Problem(known, ContainerRuntime.CriO, kubernetes.Version ?? kubernetes.Channel) is { } problem)
        {
            reading.Problem(Key, problem);
        }
    }
}
