using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>
/// The programs of a real Kubernetes: those of EBB_KUBERNETES_BIN, which <c>./test</c> sets to what eng/kubernetes.sh built,
/// or else what that script left in the user's cache.
/// </summary>
internal sealed partial class RealBinaries
{
    private static readonly string[] Parts =
        ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl", "kube-proxy", "etcd", "etcdctl"];

    private readonly Dictionary<string, string> _paths;

    private RealBinaries(Dictionary<string, string> paths) => _paths = paths;

    public string this[string part] => _paths[part];

    /// <summary>The binaries; the test is skipped, with the reason, where one is missing.</summary>
    public static RealBinaries Require()
    {
        var missing = Find(out var paths);
        Assert.SkipWhen(missing is not null, missing ?? "");
        return new RealBinaries(paths);
    }

    /// <summary>Why there is no real Kubernetes here; null when there is one. For fixtures, which cannot skip.</summary>
    public static string? Missing() => Find(out _);

    /// <summary>The minor release, such as 20 of 1.20.2.</summary>
    public async Task<int> MinorAsync(CancellationToken ct)
    {
        using var process = Process.Start(new ProcessStartInfo(this["kube-apiserver"], ["--version"]) { RedirectStandardOutput = true })!;
        var said = await process.StandardOutput.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        var match = Release().Match(said);
        Assert.True(match.Success, $"{this["kube-apiserver"]} --version says '{said}'.");
        return int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string? Find(out Dictionary<string, string> paths)
    {
        var folder = Environment.GetEnvironmentVariable("EBB_KUBERNETES_BIN") is { Length: > 0 } set ? set : Cache();
        paths = [];
        foreach (var part in Parts)
        {
            // Whoever brings a Kubernetes of their own need not bring an etcd: any does.
            var fallbacks = part.StartsWith("etcd", StringComparison.Ordinal) ? [Cache(), .. SearchPath()] : Array.Empty<string>();
            var path = fallbacks.Prepend(folder).Select(place => Path.Combine(place, part)).FirstOrDefault(File.Exists);
            if (path is null)
            {
                return $"There is no {part} in {folder}: run eng/kubernetes.sh, or set EBB_KUBERNETES_BIN to a directory that has it.";
            }

            paths[part] = path;
        }

        return null;
    }

    private static string Cache()
    {
        var caches = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(caches, "ebb", "kubernetes", "1.20.2", "bin");
    }

    private static string[] SearchPath() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"v1\.(\d+)\.")]
    private static partial Regex Release();
}
