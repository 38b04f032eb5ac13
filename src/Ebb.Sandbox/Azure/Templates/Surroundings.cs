using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates;

/// <summary>What a template finds where it is deployed.</summary>
internal sealed record Surroundings
{
    /// <summary>As <c>subscription()</c> returns it.</summary>
    public required JsonObject Subscription { get; init; }

    /// <summary>As <c>tenant()</c> returns it.</summary>
    public required JsonObject Tenant { get; init; }

    /// <summary>As <c>resourceGroup()</c> returns it; null when the deployment is the subscription's.</summary>
    public required JsonObject? ResourceGroup { get; init; }

    /// <summary>As <c>deployment()</c> returns it.</summary>
    public required JsonObject Deployment { get; init; }

    /// <summary>As <c>environment()</c> returns it.</summary>
    public required JsonObject Environment { get; init; }

    /// <summary>Who deploys: as <c>deployer()</c> returns it.</summary>
    public required JsonObject Deployer { get; init; }

    /// <summary>A provider by its namespace, with its <c>resourceTypes</c>; null when there is none.</summary>
    public required Func<string, JsonObject?> Provider { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>A fresh one with each call.</summary>
    public required Func<Guid> NewGuid { get; init; }

    public string SubscriptionId => Values.Text(Subscription["subscriptionId"])!;

    public string? GroupName => Values.Text(ResourceGroup?["name"]);

    /// <summary>The id of what the deployment is of: a resource group or a subscription.</summary>
    public string ScopeId => GroupName is { } group ? $"/subscriptions/{SubscriptionId}/resourceGroups/{group}" : $"/subscriptions/{SubscriptionId}";
}
