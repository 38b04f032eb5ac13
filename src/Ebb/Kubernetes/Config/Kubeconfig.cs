using System.Text.Json;

namespace Ebb.Kubernetes.Config;

/// <summary>Finds, merges and understands kubeconfig files the way kubectl does.</summary>
/// <param name="yaml">Turns YAML into JSON; the library brings no YAML reader of its own.</param>
/// <param name="environment">Reads an environment variable; null or empty when there is none.</param>
public sealed class Kubeconfig(Func<string, JsonElement> yaml, Func<string, string?> environment, TimeProvider time)
{
    // Some carry many clusters with their certificates inline; none carries this much.
    private const int MaxFileBytes = 16 * 1024 * 1024;

    /// <summary>
    /// The connection that a context describes. Without <paramref name="path"/> the files of KUBECONFIG count, else
    /// <c>~/.kube/config</c>, else, within a pod, the pod's service account.
    /// </summary>
    /// <param name="path">One file, which must exist.</param>
    /// <param name="context">Null for the current one.</param>
    /// <exception cref="EbbException">Something is missing, unreadable or wrong; the message names file and remedy.</exception>
    public KubeConnection Load(string? path, string? context)
    {
        var (files, searched) = Read(path);
        if (files.Count == 0)
        {
            return InCluster.Find(environment, time)
                ?? throw new EbbException($"There is no kubeconfig: {searched} does not exist. Name one with --kubeconfig or KUBECONFIG.");
        }

        return new KubeconfigReader(KubeconfigFile.Merge(files), searched, environment, time, () => Load(path, context)).Connection(context);
    }

    /// <summary>All contexts, each with what is wrong with it, if anything.</summary>
    public IReadOnlyList<string> Contexts(string? path) =>
        [.. KubeconfigFile.Merge(Read(path).Files).Contexts.Keys.Order(StringComparer.Ordinal)];

    private (IReadOnlyList<KubeconfigFile> Files, string Searched) Read(string? path)
    {
        if (!string.IsNullOrEmpty(path))
        {
            return ([ReadFile(path) ?? throw new EbbException($"Kubeconfig '{path}' does not exist.")], path);
        }

        var list = environment("KUBECONFIG");
        var paths = string.IsNullOrEmpty(list)
            ? [Path.Combine(environment("HOME") ?? "/", ".kube", "config")]
            : list.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Distinct().ToArray();
        return ([.. paths.Select(ReadFile).OfType<KubeconfigFile>()], string.Join(Path.PathSeparator, paths));
    }

    // A file that does not exist counts as empty: a list may name files that are yet to be written.
    private KubeconfigFile? ReadFile(string path)
    {
        string text;
        try
        {
            var length = new FileInfo(path).Length;
            if (length > MaxFileBytes)
            {
                throw new EbbException($"Kubeconfig '{path}' has {length} bytes; that is no kubeconfig.");
            }

            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException && !Directory.Exists(path))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EbbException($"Kubeconfig '{path}' cannot be read: {e.Message}", e);
        }

        return string.IsNullOrWhiteSpace(text) ? null : KubeconfigFile.Parse(path, Understand(path, text));
    }

    private JsonElement Understand(string path, string text)
    {
        try
        {
            return yaml(text);
        }
        catch (FormatException e)
        {
            throw new EbbException($"Kubeconfig '{path}' is not valid YAML: {e.Message}", e);
        }
    }
}
