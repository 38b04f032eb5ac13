using System.Collections.Immutable;

namespace Ebb.Cli.ControlPlane.Components;

/// <summary>
/// One program of the control plane: what it is called with, what it needs, and how to tell that it works. Says nothing of
/// how it is run, so that the same specification serves a process on this machine and a container elsewhere.
/// </summary>
internal sealed record ComponentSpec
{
    /// <summary>Unique in its control plane, for example <c>etcd-2</c>.</summary>
    public required string Name { get; init; }

    /// <summary>File name of the program.</summary>
    public required string Binary { get; init; }

    public required ReleaseVersion Version { get; init; }

    public required ImmutableArray<string> Arguments { get; init; }

    /// <summary>Paths that must be there before it starts.</summary>
    public required ImmutableArray<string> Files { get; init; }

    /// <summary>Directory that it writes; null when it keeps nothing.</summary>
    public string? Data { get; init; }

    /// <summary>All that it listens on.</summary>
    public required ImmutableArray<int> Ports { get; init; }

    public required HealthProbe Health { get; init; }

    /// <summary>Those of one stage start together, once all of the stage before work.</summary>
    public required StartStage Stage { get; init; }
}

internal enum StartStage
{
    Store,
    Api,
    Control,
}

/// <summary>A request over HTTPS that a working component answers with 200.</summary>
/// <param name="Says">What the answer must contain; null where the status says it all.</param>
/// <param name="Authority">File with the authority of its certificate; null where it makes its own at each start.</param>
/// <param name="Certificate">File with the certificate to present; null where none is asked for.</param>
internal sealed record HealthProbe(string Address, int Port, string Path, string? Says, string? Authority, string? Certificate, string? Key)
{
    public Uri Url => new($"https://{Net.HostAndPort(Address, Port)}{Path}");
}
