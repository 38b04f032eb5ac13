namespace Ebb.Cli.Definition;

/// <summary>Whose machines, and where they stand.</summary>
internal sealed record CloudDefinition
{
    /// <summary>The word that stands for the cloud on this machine.</summary>
    public const string Sandbox = "sandbox";

    public CloudProvider Provider { get; init; } = CloudProvider.Azure;

    /// <summary>As the cloud spells it: lower case, no spaces, for example <c>westeurope</c>.</summary>
    public required string Region { get; init; }

    /// <summary>
    /// Null: public Azure. <c>sandbox</c>: the Azure that runs on this machine. Else the https URL of another resource manager.
    /// </summary>
    public string? Endpoint { get; init; }

    public bool IsSandbox => Endpoint == Sandbox;

    /// <summary>A GUID; null: AZURE_SUBSCRIPTION_ID, or the only one that the login sees.</summary>
    public string? Subscription { get; init; }

    /// <summary>A GUID; null: the login's own.</summary>
    public string? Tenant { get; init; }

    /// <summary>The resource group of machines and network, which may be destroyed and built again. The file's default is <c>NAME-compute</c>.</summary>
    public required string ComputeGroup { get; init; }

    /// <summary>The resource group of what stays: account and shares. The file's default is <c>NAME-storage</c>; never the same as the other.</summary>
    public required string StorageGroup { get; init; }
}

internal enum CloudProvider
{
    Azure,
}
