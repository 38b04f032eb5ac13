using System.Collections.Immutable;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>How a sandbox's systemd-nspawn machines are made.</summary>
public sealed record NspawnOptions
{
    /// <summary>Whose machines they are: names the room, the control groups and the machines as the host sees them.</summary>
    public required string Name { get; init; }

    /// <summary>Where disks and consoles are kept; nobody else's, made and removed with the machines.</summary>
    public required string Directory { get; init; }

    /// <summary>The root file system that all machines start from, as <c>eng/machine.sh</c> makes it; never written to.</summary>
    public required string BaseRoot { get; init; }

    /// <summary>What machines see of the host's files, to read only.</summary>
    public ImmutableArray<SharedPath> Shared { get; init; } = [];

    /// <summary>Which of the cloud's machines run here; others are somebody else's. Default: all.</summary>
    public Func<Instance, bool> Runs { get; init; } = static _ => true;

    /// <summary>How long a command on the host may take. Default 20 s: all take milliseconds, but for a host that is laden.</summary>
    public TimeSpan CommandLimit { get; init; } = TimeSpan.FromSeconds(20);
}

/// <summary>A file or directory of the host, and where a machine sees it.</summary>
public sealed record SharedPath(string Host, string Machine);
