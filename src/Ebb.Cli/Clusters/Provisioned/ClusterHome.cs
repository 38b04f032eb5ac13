using System.Text.Json;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>
/// What the operator keeps of one cluster: its keys and the kubeconfig, under <c>$XDG_STATE_HOME/ebb/clusters/NAME</c>, for nobody
/// else to read. Whoever changes the cluster holds its lock; the system drops that however the process ends.
/// </summary>
internal sealed class ClusterHome
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private ClusterHome(string name, string path)
    {
        Name = name;
        Path = path;
    }

    public string Name { get; }

    public string Path { get; }

    public string Kubeconfig => System.IO.Path.Combine(Path, "kubeconfig");

    /// <summary>The cluster's authorities, as copied to its control plane.</summary>
    public string Keys => System.IO.Path.Combine(Path, "keys");

    /// <summary>Whom the control plane's machines have shown themselves to be, in OpenSSH's form.</summary>
    public string KnownHosts => System.IO.Path.Combine(Path, "known_hosts");

    private string LockFile => System.IO.Path.Combine(Path, "lock");

    // Beside the lock: trying that, to see whether it is held, would keep others from it for an instant.
    private string HolderFile => System.IO.Path.Combine(Path, "holder");

    /// <param name="name">As an <c>ebb.yaml</c> gives it: checked there.</param>
    public static ClusterHome Of(string name) => new(name, System.IO.Path.Combine(SandboxHome.Root(), SandboxHome.ClustersName, name));

    /// <summary>For whoever has a place of their own.</summary>
    public static ClusterHome At(string name, string path) => new(name, path);

    public bool Exists => Directory.Exists(Path);

    /// <summary>Makes the directories, and takes the lock until it is disposed of.</summary>
    /// <exception cref="EbbException">Another process is at this cluster, or the directory cannot be written to.</exception>
    public IDisposable Lock()
    {
        try
        {
            Directory.CreateDirectory(Path, OwnerOnly);
            Directory.CreateDirectory(Keys, OwnerOnly);
            var held = new FileStream(LockFile, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            TellHolder();
            return held;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new EbbException($"'{Path}' cannot be written to: {e.Message.TrimEnd('.')}. Run this as its owner.", e);
        }
        catch (IOException e) when (File.Exists(LockFile))
        {
            throw new EbbException($"Cluster '{Name}' is being changed by another 'ebb' on this machine. Wait until that is done, then run this again.", e);
        }
    }

    /// <summary>Whether a process is at this cluster now. Takes nothing from anybody.</summary>
    public bool IsHeld()
    {
        try
        {
            return File.Exists(HolderFile) && JsonSerializer.Deserialize(File.ReadAllText(HolderFile), SandboxJson.Default.ProcessMark)?.Alive() == true;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            // The cluster's home is just being removed.
            return false;
        }
    }

    public string? ReadKubeconfig() => SecretFile.Read(Kubeconfig);

    public void WriteKubeconfig(string content) => SecretFile.Write(Kubeconfig, content);

    /// <summary>Removes all of it, the keys too; for whoever holds the lock and has seen the cluster gone.</summary>
    public void Clean() => Directory.Delete(Path, recursive: true);

    /// <summary>Removes what is about machines that are gone; keys stay, for those that come.</summary>
    public void Forget()
    {
        File.Delete(Kubeconfig);
        File.Delete(KnownHosts);
    }

    private void TellHolder()
    {
        try
        {
            SecretFile.Write(HolderFile, JsonSerializer.Serialize(ProcessMark.OfThisProcess(), SandboxJson.Default.ProcessMark));
        }
        catch (IOException)
        {
            // A full disk is no reason not to take a cluster down: only who watches asks for this, and gives up earlier without it.
        }
    }
}
