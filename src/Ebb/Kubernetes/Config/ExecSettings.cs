using System.Text;
using System.Text.Json;

namespace Ebb.Kubernetes.Config;

/// <summary>A program that a kubeconfig names to get a credential from.</summary>
internal sealed record ExecSettings
{
    public const string V1 = "client.authentication.k8s.io/v1";

    public const string V1Beta1 = "client.authentication.k8s.io/v1beta1";

    public required string ApiVersion { get; init; }

    public required string Command { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>Shown when the program is missing.</summary>
    public string? InstallHint { get; init; }

    /// <summary>The program wants to talk to a person.</summary>
    public bool NeedsTerminal { get; init; }

    /// <summary>It may talk to a person if there is one.</summary>
    public bool MayUseTerminal { get; init; }

    /// <summary>What the program is told in KUBERNETES_EXEC_INFO of the cluster; null when it did not ask.</summary>
    public string? ClusterJson { get; init; }

    /// <summary>Which user of which file, for messages.</summary>
    public required string Origin { get; init; }

    public static ExecSettings Parse(KubeconfigEntry user, JsonElement exec, KubeconfigEntry cluster, Uri server, TlsSettings tls)
    {
        var file = user.File;
        var origin = $"Kubeconfig '{file}': the exec plugin of user '{user.Name}'";
        var version = exec.Text("apiVersion", file);
        if (version is not (V1 or V1Beta1))
        {
            throw new EbbException($"{origin} has apiVersion '{version}'; '{V1}' and '{V1Beta1}' are understood. Update the plugin's configuration.");
        }

        var command = exec.Text("command", file);
        if (string.IsNullOrEmpty(command))
        {
            throw new EbbException($"{origin} has no command.");
        }

        var mode = exec.Text("interactiveMode", file);
        if (mode is not (null or "" or "Never" or "IfAvailable" or "Always"))
        {
            throw new EbbException($"{origin} has interactiveMode '{mode}'; it must be Never, IfAvailable or Always.");
        }

        return new()
        {
            ApiVersion = version,
            // A command with a slash is relative to the kubeconfig, one without is searched in PATH.
            Command = command.Contains('/', StringComparison.Ordinal)
                ? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file)) ?? "/", command)
                : command,
            Arguments = [.. exec.List("args", file).Select(a => a.ValueKind is JsonValueKind.String ? a.GetString()! : a.GetRawText())],
            Environment = [.. exec.List("env", file).Select(e => KeyValuePair.Create(e.Text("name", file) ?? "", e.Text("value", file) ?? ""))],
            InstallHint = exec.Text("installHint", file),
            NeedsTerminal = mode == "Always",
            MayUseTerminal = mode != "Never",
            ClusterJson = exec.Flag("provideClusterInfo", file) ? DescribeCluster(cluster, server, tls) : null,
            Origin = origin,
        };
    }

    private static string DescribeCluster(KubeconfigEntry cluster, Uri server, TlsSettings tls)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("server", server.OriginalString);
            if (tls.ServerName is not null)
            {
                json.WriteString("tls-server-name", tls.ServerName);
            }

            if (tls.Insecure)
            {
                json.WriteBoolean("insecure-skip-tls-verify", true);
            }

            if (tls.AuthorityPem is not null)
            {
                json.WriteString("certificate-authority-data", Convert.ToBase64String(Encoding.UTF8.GetBytes(tls.AuthorityPem)));
            }

            if (tls.Proxy is not null)
            {
                json.WriteString("proxy-url", tls.Proxy.OriginalString);
            }

            if (PluginConfig(cluster) is { } config)
            {
                json.WritePropertyName("config");
                config.WriteTo(json);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    // A cluster's extension of this name is meant for the plugin.
    private static JsonElement? PluginConfig(KubeconfigEntry cluster) =>
        cluster.Body.List("extensions", cluster.File)
            .Where(e => e.Text("name", cluster.File) == "client.authentication.k8s.io/exec")
            .Select(e => e.TryGetProperty("extension", out var extension) ? extension : (JsonElement?)null)
            .FirstOrDefault();
}
