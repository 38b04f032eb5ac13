using System.ComponentModel;
using System.Diagnostics;
using Ebb.Cli.ControlPlane.Components;

namespace Ebb.Cli.ControlPlane;

/// <summary>Kubernetes' and etcd's programs on this machine.</summary>
internal sealed class Binaries
{
    public const string Variable = "EBB_KUBERNETES_BIN";

    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(30);

    private readonly string _directory;

    /// <param name="directory">Has all of Kubernetes' programs; etcd's may be elsewhere.</param>
    public Binaries(string directory) => _directory = directory;

    /// <summary>Where those are kept that Ebb built.</summary>
    public static string Cache
    {
        get
        {
            var told = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            var cache = !string.IsNullOrEmpty(told) && Path.IsPathRooted(told)
                ? told
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            return Path.Combine(cache, "ebb", "kubernetes", "1.20.2", "bin");
        }
    }

    /// <summary>Those that the environment names, else those that Ebb built; null when there are none.</summary>
    /// <exception cref="EbbException">The environment names no directory.</exception>
    public static Binaries? Locate()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } told)
        {
            return Directory.Exists(told)
                ? new Binaries(Path.GetFullPath(told))
                : throw new EbbException($"{Variable} is '{told}', and there is no such directory. Name one that holds Kubernetes' programs, or unset it.");
        }

        return IsComplete(Cache) ? new Binaries(Cache) : null;
    }

    public static bool IsComplete(string directory) =>
        new[] { KubeApiServer.Name, KubeControllers.Name, KubeScheduler.Name }.All(name => File.Exists(Path.Combine(directory, name)));

    /// <summary>The path of a program.</summary>
    /// <exception cref="EbbException">There is none.</exception>
    public string Of(string name) =>
        Find(name) ?? throw new EbbException(
            name.StartsWith("etcd", StringComparison.Ordinal)
                ? $"There is no {name} in {_directory}, and none on the PATH. Install it (Debian: apt-get install etcd-server etcd-client), or put it there."
                : $"There is no {name} in {_directory}. Let {Variable} name a directory that holds all of Kubernetes' programs.");

    /// <summary>Null when there is none.</summary>
    public string? Find(string name)
    {
        var places = new List<string> { _directory };
        if (name.StartsWith("etcd", StringComparison.Ordinal))
        {
            places.Add(Cache);
            places.AddRange((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries));
        }

        return places.Select(place => Path.Combine(place, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>What the program says that it is.</summary>
    /// <exception cref="EbbException">It does not run here, or says nothing of the kind.</exception>
    public async Task<ReleaseVersion> VersionAsync(string name, TimeProvider time, CancellationToken ct)
    {
        var path = Of(name);
        var start = new ProcessStartInfo(path, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            using var deadline = new CancellationTokenSource(AnswerWithin, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
            try
            {
                var error = process.StandardError.ReadToEndAsync(either.Token);
                var output = await process.StandardOutput.ReadToEndAsync(either.Token);
                await process.WaitForExitAsync(either.Token);
                return process.ExitCode == 0 && ReleaseVersion.Find(output) is { } version
                    ? version
                    : throw new EbbException($"{path} --version says no version but '{(output + await error).Trim().ReplaceLineEndings(" ")}'. Put the right program there.");
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                ct.ThrowIfCancellationRequested();
                throw new EbbException($"{path} --version had not answered after {AnswerWithin.TotalSeconds:0} s. Put the right program there.");
            }
        }
        catch (Win32Exception e)
        {
            throw new EbbException($"{path} cannot be run: {e.Message}. Put a program for this machine there, and let it be executable.", e);
        }
    }
}
