using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Supervising;

namespace Ebb.Cli.Sandboxes;

/// <summary>
/// The directory of one sandbox, under the user's state directory: <c>$XDG_STATE_HOME/ebb/NAME</c>. Whoever hosts the
/// sandbox holds its lock for as long as it lives; the system drops the lock however the process ends.
/// </summary>
internal sealed partial class SandboxHome
{
    public const string DefaultName = "sandbox";

    /// <summary>The one name that no sandbox has: what is kept of clusters in the cloud lies there.</summary>
    public const string ClustersName = "clusters";

    private SandboxHome(string name, string path)
    {
        Name = name;
        Path = path;
    }

    public string Name { get; }

    public string Path { get; }

    public string Kubeconfig => System.IO.Path.Combine(Path, "kubeconfig");

    public string Log => System.IO.Path.Combine(Path, "host.log");

    /// <summary>What the host's process itself prints: nothing, but for why it could not start.</summary>
    public string Words => System.IO.Path.Combine(Path, "host.out");

    public string Authority => System.IO.Path.Combine(Path, "azure-ca.crt");

    /// <summary>A real cluster's keys, data and logs.</summary>
    public string Kubernetes => System.IO.Path.Combine(Path, "kubernetes");

    /// <summary>Disks and consoles of systemd-nspawn machines; not there when none run, nor any that were left behind.</summary>
    public string Machines => System.IO.Path.Combine(Path, "machines");

    /// <summary>A socket for requests to the host.</summary>
    public string Door => System.IO.Path.Combine(Path, "host.sock");

    private string StateFile => System.IO.Path.Combine(Path, "sandbox.json");

    private string ComponentsFile => System.IO.Path.Combine(Path, "components.json");

    private string LockFile => System.IO.Path.Combine(Path, "lock");

    public static SandboxHome Of(string name)
    {
        if (!Names().IsMatch(name))
        {
            throw new EbbException(
                $"'{name}' cannot name a sandbox. Use up to 40 lower-case letters, digits and dashes, a letter first.");
        }

        if (name == ClustersName)
        {
            throw new EbbException($"'{name}' cannot name a sandbox: what is kept of clusters in the cloud has that name. Choose another.");
        }

        return new SandboxHome(name, System.IO.Path.Combine(Root(), name));
    }

    /// <summary>The subscription on this machine that a cluster of an <c>ebb.yaml</c> lives in, beside what is kept of that cluster.</summary>
    /// <param name="cluster">As an <c>ebb.yaml</c> gives it: checked there.</param>
    public static SandboxHome OfSubscription(string cluster) => new(cluster, System.IO.Path.Combine(Root(), ClustersName, cluster, "cloud"));

    /// <summary>For whoever has a place of their own.</summary>
    public static SandboxHome At(string name, string path) => new(name, path);

    /// <summary>Every sandbox there is a directory for, running or not.</summary>
    public static IEnumerable<SandboxHome> All() =>
        Directory.Exists(Root())
            ? Directory.EnumerateDirectories(Root()).Select(System.IO.Path.GetFileName).OfType<string>()
                .Where(name => Names().IsMatch(name) && name != ClustersName).Order(StringComparer.Ordinal).Select(Of)
            : [];

    /// <summary>Every cluster's subscription there is a directory for, running or not.</summary>
    public static IEnumerable<SandboxHome> AllSubscriptions() =>
        Directory.Exists(System.IO.Path.Combine(Root(), ClustersName))
            ? Directory.EnumerateDirectories(System.IO.Path.Combine(Root(), ClustersName)).Select(System.IO.Path.GetFileName).OfType<string>()
                .Select(OfSubscription).Where(home => Directory.Exists(home.Path)).OrderBy(home => home.Name, StringComparer.Ordinal)
            : [];

    public void Create() =>
        Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>The last line that the host's process printed.</summary>
    public string LastWords()
    {
        var last = File.Exists(Words) ? File.ReadLines(Words).LastOrDefault(line => line.Length > 0) : null;
        return last is null ? "it ended without a word." : last.StartsWith("ebb: ", StringComparison.Ordinal) ? last[5..] : last;
    }

    /// <summary>Takes the lock; null when another process has it.</summary>
    public FileStream? TryLock()
    {
        Create();
        try
        {
            var held = new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            if (File.Exists(LockFile))
            {
                return held;
            }

            // Whoever had it removed the directory meanwhile: what is held now guards nothing.
            held.Dispose();
            return null;
        }
        catch (IOException) when (File.Exists(LockFile))
        {
            return null;
        }
    }

    /// <summary>Whether a process hosts this sandbox now.</summary>
    public bool IsHosted()
    {
        if (!File.Exists(LockFile))
        {
            return false;
        }

        using var taken = TryLock();
        return taken is null;
    }

    /// <summary>What the running sandbox wrote about itself; null when none runs, or while it is still starting.</summary>
    public SandboxState? Running() => LastState() is { } state && state.Host.Alive() && IsHosted() ? state : null;

    /// <summary>The running sandbox.</summary>
    /// <exception cref="EbbException">It does not run.</exception>
    public SandboxState Require() =>
        Running() ?? throw new EbbException(
            Name == DefaultName
                ? "No sandbox runs. Start it with 'ebb up -d', or name a real cluster with --kubeconfig."
                : $"Sandbox '{Name}' does not run. Start it with 'ebb up -d --name {Name}'.");

    /// <summary>What the last one to run here wrote; null when it left nothing readable.</summary>
    public SandboxState? LastState()
    {
        try
        {
            using var file = File.OpenRead(StateFile);
            return JsonSerializer.Deserialize(file, SandboxJson.Default.SandboxState);
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            // Half of a state is no state: whoever needs it is told that nothing runs.
            return null;
        }
    }

    public void Write(SandboxState state) =>
        WriteFile(StateFile, JsonSerializer.Serialize(state, SandboxJson.Default.SandboxState));

    /// <summary>How the components of a real cluster are doing; empty for an embedded one.</summary>
    public ImmutableArray<ComponentState> Components()
    {
        try
        {
            return File.Exists(ComponentsFile)
                ? JsonSerializer.Deserialize(File.ReadAllText(ComponentsFile), ComponentJson.Default.ImmutableArrayComponentState)
                : [];
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            // The sandbox is just being ended.
            return [];
        }
    }

    public void WriteComponents(ImmutableArray<ComponentState> components) =>
        WriteFile(ComponentsFile, JsonSerializer.Serialize(components, ComponentJson.Default.ImmutableArrayComponentState));

    /// <summary>What stands behind this sandbox: what it was once a real cluster is in it, else what is chosen.</summary>
    /// <exception cref="EbbException">Something else is asked for than what there is.</exception>
    public KubernetesKind KindFor(SandboxSettings settings)
    {
        var kept = ControlPlaneDirectory.HasCluster(Kubernetes);
        if (kept && settings.Kubernetes is KubernetesKind.Embedded)
        {
            throw new EbbException(
                $"Sandbox '{Name}' holds a real cluster's data. 'ebb up --kubernetes real' takes it up again; 'ebb down' removes it; --name makes another beside it.");
        }

        return kept ? KubernetesKind.Real : settings.Kubernetes ?? KubernetesKind.Embedded;
    }

    public void WriteKubeconfig(string content) => WriteFile(Kubeconfig, content);

    public void WriteAuthority(string pem) => WriteFile(Authority, pem);

    /// <summary>Removes what the last one left here, but for what tells how it ended, and a real cluster; for whoever holds the lock.</summary>
    public void Clear()
    {
        foreach (var file in Directory.EnumerateFiles(Path).Where(file => file != LockFile && file != Words && file != Log))
        {
            File.Delete(file);
        }
    }

    /// <summary>Removes everything; for whoever holds the lock.</summary>
    public void Clean()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }

    /// <summary>Where this user's sandboxes are, and what is kept of clusters.</summary>
    public static string Root()
    {
        var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
        if (string.IsNullOrEmpty(state) || !System.IO.Path.IsPathRooted(state))
        {
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            if (home.Length == 0)
            {
                throw new EbbException("There is no home directory to keep state in. Set HOME or XDG_STATE_HOME.");
            }

            state = System.IO.Path.Combine(home, ".local", "state");
        }

        return System.IO.Path.Combine(state, "ebb");
    }

    // Written beside and moved over: on a full disk the old file stays whole. Keys are in there, so only the user reads it.
    private static void WriteFile(string path, string content)
    {
        var beside = path + ".new";
        File.Delete(beside);
        using (var file = new FileStream(beside, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        using (var writer = new StreamWriter(file))
        {
            writer.Write(content);
        }

        File.Move(beside, path, overwrite: true);
    }

    [GeneratedRegex(@"\A[a-z]([a-z0-9-]{0,38}[a-z0-9])?\z")]
    private static partial Regex Names();
}
