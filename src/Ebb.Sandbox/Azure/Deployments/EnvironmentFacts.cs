using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>What <c>environment()</c> says: the public cloud's names, and this face where it has an address of its own.</summary>
internal static class EnvironmentFacts
{
    public static JsonObject Of(string baseUrl) => Values.Object(
        ("name", "AzureCloud"),
        ("gallery", "https://gallery.azure.com/"),
        ("graph", "https://graph.windows.net/"),
        ("portal", "https://portal.azure.com"),
        ("graphAudience", "https://graph.windows.net/"),
        ("resourceManager", baseUrl + "/"),
        ("activeDirectoryDataLake", "https://datalake.azure.net/"),
        ("batch", "https://batch.core.windows.net/"),
        ("media", "https://rest.media.azure.net"),
        ("sqlManagement", "https://management.core.windows.net:8443/"),
        ("vmImageAliasDoc", "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/arm-compute/quickstart-templates/aliases.json"),
        ("authentication", Values.Object(
            ("loginEndpoint", "https://login.microsoftonline.com/"),
            ("audiences", new JsonArray("https://management.core.windows.net/", "https://management.azure.com/")),
            ("tenant", "common"),
            ("identityProvider", "AAD"))),
        ("suffixes", Values.Object(
            ("acrLoginServer", ".azurecr.io"),
            ("azureDatalakeAnalyticsCatalogAndJob", "azuredatalakeanalytics.net"),
            ("azureDatalakeStoreFileSystem", "azuredatalakestore.net"),
            ("keyvaultDns", ".vault.azure.net"),
            ("sqlServerHostname", ".database.windows.net"),
            ("storage", "core.windows.net"))));
}
