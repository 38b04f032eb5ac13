using System.Text.RegularExpressions;

namespace Ebb.Clouds.Azure;

/// <summary>Where the pools are: everything that Ebb does in Azure stays in this resource group.</summary>
/// <param name="Location">For people only; each scale set names its own. Null when unknown.</param>
/// <param name="ArmEndpoint">The resource manager, for example <c>https://management.azure.com/</c>.</param>
public sealed partial record AzureScope(string SubscriptionId, string ResourceGroup, string? Location, Uri ArmEndpoint)
{
    private static readonly Uri PublicCloud = new("https://management.azure.com/");

    /// <summary>Puts the scope together: what is given, else the environment, else what this machine's metadata say.</summary>
    /// <param name="environment">Reads an environment variable; null or empty when it is not set.</param>
    /// <exception cref="EbbException">A part is missing or wrong.</exception>
    public static async Task<AzureScope> ResolveAsync(
        AzureSettings given,
        Func<string, string?> environment,
        InstanceMetadata metadata,
        CancellationToken ct)
    {
        var subscription = First(given.SubscriptionId, environment("AZURE_SUBSCRIPTION_ID"), environment("ARM_SUBSCRIPTION_ID"));
        var group = First(given.ResourceGroup, environment("AZURE_RESOURCE_GROUP"), environment("ARM_RESOURCE_GROUP"));
        var endpoint = First(given.ArmEndpoint, environment("EBB_ARM_ENDPOINT"));
        MachineFacts? machine = null;
        if (subscription is null || group is null)
        {
            machine = await metadata.MachineAsync(ct)
                ?? throw new EbbException(
                    $"The Azure {(subscription is null ? "subscription" : "resource group")} is unknown: this machine is not in Azure. " +
                    "Give --subscription and --resource-group, or set AZURE_SUBSCRIPTION_ID and AZURE_RESOURCE_GROUP.");
        }

        return new AzureScope(
            Checked("subscription", subscription ?? machine!.SubscriptionId, Subscription()),
            Checked("resource group", group ?? machine!.ResourceGroup, Group()),
            machine?.Location,
            endpoint is null ? EndpointOf(machine?.Cloud) : Checked(endpoint));
    }

    internal string SubscriptionPath => $"/subscriptions/{Uri.EscapeDataString(SubscriptionId)}";

    internal string GroupPath => $"{SubscriptionPath}/resourceGroups/{Uri.EscapeDataString(ResourceGroup)}";

    private static string? First(params ReadOnlySpan<string?> candidates)
    {
        foreach (var candidate in candidates)
        {
            if (!string.IsNullOrWhiteSpace(candidate))
            {
                return candidate.Trim();
            }
        }

        return null;
    }

    private static string Checked(string what, string value, Regex form) =>
        form.IsMatch(value)
            ? value
            : throw new EbbException($"The Azure {what} is '{value}': that is no name or id of one. Check the flag, the environment or the machine.");

    private static Uri Checked(string endpoint) =>
        Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) && IsSafe(uri)
            ? uri
            : throw new EbbException($"The resource manager's address is '{endpoint}': give one that begins with https:// (http:// only on this machine).");

    /// <summary>A token goes over the wire only where nobody can read it on the way.</summary>
    internal static bool IsSafe(Uri uri) => uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback);

    private static Uri EndpointOf(string? cloud) => cloud?.ToUpperInvariant() switch
    {
        "AZUREUSGOVERNMENTCLOUD" or "AZUREUSGOVERNMENT" => new Uri("https://management.usgovcloudapi.net/"),
        "AZURECHINACLOUD" => new Uri("https://management.chinacloudapi.cn/"),
        _ => PublicCloud,
    };

    [GeneratedRegex(@"\A[A-Za-z0-9-]{1,64}\z")]
    private static partial Regex Subscription();

    [GeneratedRegex(@"\A[\w().-]{0,89}[\w()-]\z")]
    private static partial Regex Group();
}

/// <summary>What the user gave by flag or file; null where nothing was given.</summary>
public sealed record AzureSettings(string? SubscriptionId = null, string? ResourceGroup = null, string? ArmEndpoint = null);
