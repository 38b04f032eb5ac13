using System.Collections.Immutable;

namespace Ebb.Sandbox.Azure;

/// <summary>How the Azure face answers.</summary>
public sealed record AzureFaceOptions
{
    /// <summary>What a subscription that nobody has used yet is not registered with, of all that is served here.</summary>
    public static ImmutableArray<string> NeverUsed { get; } =
        ["Microsoft.Compute", "Microsoft.ContainerInstance", "Microsoft.Insights", "Microsoft.ManagedIdentity", "Microsoft.Network", "Microsoft.Storage"];

    /// <summary>Who may sign in with a secret.</summary>
    public ImmutableArray<AppRegistration> Apps { get; init; } = [];

    /// <summary>Most entries on one page of a list. Default 100.</summary>
    public int PageSize { get; init; } = 100;

    /// <summary>What an unfinished operation tells its caller to wait between two looks. Whole seconds; default 1 s.</summary>
    public TimeSpan PollAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether callers need a token of this face. Default yes.</summary>
    public bool Authenticate { get; init; } = true;

    /// <summary>Namespaces that the subscription has yet to register before they answer anything. Default none.</summary>
    public ImmutableArray<string> Unregistered { get; init; } = [];

    /// <summary>How long the registration of a namespace takes. Default 0; the real cloud takes minutes.</summary>
    public TimeSpan RegistrationTakes { get; init; }

    /// <summary>Names of storage accounts that somebody else in the world has. Default none.</summary>
    public ImmutableArray<string> TakenNames { get; init; } = [];

    /// <summary>How long the directory takes to hear of a new identity: until then a role is given to it only by naming its kind. Default 0.</summary>
    public TimeSpan DirectoryReplication { get; init; }

    /// <summary>How long a new role assignment takes to count. Default 0; the real cloud takes minutes.</summary>
    public TimeSpan RolePropagation { get; init; }

    /// <summary>How long a connection that gets no answer is held open at most. Default 5 min.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Is told of each request that has been carried out or refused, before its answer leaves. Not to block.</summary>
    public Action<ArmCall>? Told { get; init; }
}

/// <summary>A request and what came of it.</summary>
/// <param name="ClientId">Who asked, by its token; empty for whoever had none or a wrong one.</param>
public sealed record ArmCall(DateTimeOffset At, string ClientId, string Method, string Path, int Status)
{
    /// <summary>It asked for a change.</summary>
    public bool Mutates => Method is not ("GET" or "HEAD");
}

/// <summary>An application that may sign in.</summary>
public sealed record AppRegistration(string ClientId, string Secret)
{
    /// <summary>It has the role Owner in the subscription. Default yes; else it may do what it is given roles for.</summary>
    public bool Owns { get; init; } = true;

    public override string ToString() => $"AppRegistration {{ ClientId = {ClientId} }}";
}
