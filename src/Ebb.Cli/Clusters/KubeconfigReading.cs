using Ebb.Kubernetes;
using Ebb.Kubernetes.Config;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Clusters;

/// <summary>Clusters by their kubeconfig, with the reader of YAML and the environment that all of Ebb's commands use.</summary>
internal static class KubeconfigReading
{
    /// <param name="path">Null for where kubectl looks.</param>
    /// <param name="context">Null for the file's own choice.</param>
    public static KubeConnection Load(string? path, TimeProvider time, string? context = null) =>
        new Kubeconfig(Yaml.ToJson, Environment.GetEnvironmentVariable, time).Load(path, context);

    public static KubeClient Open(string path, TimeProvider time, ILoggerFactory loggers) =>
        new(Load(path, time), time, loggers.CreateLogger<KubeClient>());
}
