namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>What a deployment is of: a resource group, or the subscription.</summary>
/// <param name="Group">Null: the subscription.</param>
internal sealed record DeploymentScope(string SubscriptionId, string? Group)
{
    public string Id => Group is null ? $"/subscriptions/{SubscriptionId}" : $"/subscriptions/{SubscriptionId}/resourceGroups/{Group}";

    public string IdOf(string deployment) => $"{Id}/providers/Microsoft.Resources/deployments/{deployment}";

    /// <summary>The scope in the id of a deployment inside a deployment; null when it is neither a group nor a subscription.</summary>
    public static DeploymentScope? OfDeployment(string id) => id.Split('/', StringSplitOptions.RemoveEmptyEntries) switch
    {
        [_, var subscription, _, var group, _, _, _, _] => new DeploymentScope(subscription, group),
        [_, var subscription, _, _, _, _] => new DeploymentScope(subscription, null),
        _ => null,
    };
}
