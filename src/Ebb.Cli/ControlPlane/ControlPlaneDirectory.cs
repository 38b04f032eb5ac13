using System.Net;
using Ebb.Cli.ControlPlane.Backups;
using Ebb.Cli.ControlPlane.Components;

namespace Ebb.Cli.ControlPlane;

/// <summary>Where a control plane keeps everything. Whoever runs it holds its lock; the system drops that however the process ends.</summary>
internal sealed class ControlPlaneDirectory(string path)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public ComponentPaths Paths => new(Path);

    /// <summary>Notes of the processes that run.</summary>
    public string Marks => System.IO.Path.Combine(Path, "run");

    /// <summary>Whether there is a cluster in here, running or not.</summary>
    public static bool HasCluster(string path) =>
        File.Exists(System.IO.Path.Combine(path, ClusterRecord.FileName)) || Directory.Exists(new RestorePlaces(path).Before);

    public void Create()
    {
        foreach (var directory in new[] { Path, Marks, Paths.Logs, Paths.Etcd })
        {
            Directory.CreateDirectory(directory, OwnerOnly);
        }
    }

    /// <exception cref="EbbException">Another process runs it.</exception>
    public FileStream Lock()
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(Path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new EbbException($"The control plane in {Path} is run by another process already; end that first. ({e.Message})", e);
        }
    }

    /// <summary>What holds for the life of this cluster: as it was, or anew; and whether it can be so today.</summary>
    /// <exception cref="EbbException">What is asked for is not what there is, or a port is taken.</exception>
    public ClusterRecord Settle(ControlPlaneOptions options, Versions versions, TimeProvider time)
    {
        if (options.EtcdMembers is not (null or 1 or 3))
        {
            throw new EbbException($"etcd cannot have {options.EtcdMembers} members here. Choose 1, or 3 of which one may fail.");
        }

        var found = ClusterRecord.Read(Path);
        if (found is null)
        {
            Refuse(Directory.EnumerateFileSystemEntries(Paths.Etcd).Any(),
                $"There are data in {Paths.Etcd}, but no {ClusterRecord.FileName} that says whose. Put that back, or choose another directory.");
        }
        else
        {
            var members = found.Ports.Etcd.Length;
            Refuse(options.EtcdMembers is { } wanted && wanted != members,
                $"etcd has {members} here and cannot become {options.EtcdMembers}. Back it up, end it, start one with {options.EtcdMembers}, and restore with --force.");
            Refuse(options.Port != 0 && options.Port != found.Ports.Api,
                $"The API has port {found.Ports.Api} here, and every kubeconfig says so; it cannot become {options.Port}. Leave --port out.");
            Refuse(members > 1 && options.BindAddress != found.BindAddress,
                $"The members of etcd know each other at {found.BindAddress} here, and cannot move to {options.BindAddress}. Choose --machines as it was before.");
            Refuse(ReleaseVersion.Find(found.Kubernetes) is { } last && (versions.Kubernetes.Major, versions.Kubernetes.Minor).CompareTo((last.Major, last.Minor)) < 0,
                $"The data in {Path} are of Kubernetes {found.Kubernetes}, and the programs are of {versions.Kubernetes}, which cannot read them. Use {found.Kubernetes} or later.");
        }

        var record = (found ?? ClusterRecord.New(options.EtcdMembers ?? 1, options.Port, versions.Kubernetes, time)) with
        {
            Kubernetes = versions.Kubernetes.ToString(),
            BindAddress = options.BindAddress,
        };
        if (options.Prefix.IsEmpty)
        {
            RequireFree(record.Ports, IPAddress.Parse(options.BindAddress));
        }

        record.Write(Path);
        return record;
    }

    private static void RequireFree(ControlPlanePorts ports, IPAddress address)
    {
        foreach (var port in ports.All())
        {
            Refuse(!FreePorts.IsFree(address, port),
                $"Port {port} on {address} is taken by another process"
                + (port == ports.Api ? ". Choose another with --port, or leave it out for any that is free." : ", and the control plane has it for good; end that process."));
        }
    }

    private static void Refuse(bool bad, string why)
    {
        if (bad)
        {
            throw new EbbException(why);
        }
    }
}
