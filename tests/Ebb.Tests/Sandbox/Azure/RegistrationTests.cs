using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure;

namespace Ebb.Tests.Sandbox.Azure;

/// <summary>A namespace that the subscription has not registered answers nothing but that.</summary>
public class RegistrationTests
{
    private const string Missing = "MissingSubscriptionRegistration";

    [Theory]
    [InlineData("Microsoft.Compute/skus")]
    [InlineData("Microsoft.Compute/locations/eastus/usages")]
    [InlineData("Microsoft.Network/locations/eastus/usages")]
    [InlineData("microsoft.network/locations/eastus/CheckDnsNameAvailability?domainNameLabel=farm")]
    public async Task Questions_about_it_are_refused(string question)
    {
        using var lab = await FaceLab.StartAsync(options: new AzureFaceOptions { Unregistered = AzureFaceOptions.NeverUsed });

        var answer = await lab.GetAsync($"{lab.Subscription}/providers/{question}");

        Assert.Equal((409, Missing), (answer.Code, answer.Error));
        Assert.Equal($"The subscription is not registered to use namespace '{(question.StartsWith("Microsoft.C", StringComparison.Ordinal) ? "Microsoft.Compute" : "Microsoft.Network")}'. See https://aka.ms/rps-not-found for how to register subscriptions.", answer.Message);
    }

    [Fact]
    public async Task Storage_knows_no_such_subscription_when_it_is_asked_for_a_free_name()
    {
        using var lab = await FaceLab.StartAsync(options: new AzureFaceOptions { Unregistered = AzureFaceOptions.NeverUsed });
        var question = $"{lab.Subscription}/providers/Microsoft.Storage/checkNameAvailability";

        var answer = await lab.PostAsync(question, """{"name":"mine","type":"Microsoft.Storage/storageAccounts"}""");
        await lab.PostAsync($"{lab.Subscription}/providers/Microsoft.Storage/register");
        var after = await lab.PostAsync(question, """{"name":"mine","type":"Microsoft.Storage/storageAccounts"}""");

        Assert.Equal((404, "SubscriptionNotFound", 200), (answer.Code, answer.Error, after.Code));
    }

    [Fact]
    public async Task Nothing_of_it_is_made_until_it_is_registered_which_takes_its_time()
    {
        using var lab = await FaceLab.StartAsync(options: new AzureFaceOptions { Unregistered = AzureFaceOptions.NeverUsed, RegistrationTakes = TimeSpan.FromMinutes(2) });
        var group = await lab.PutAsync($"{lab.Subscription}/resourceGroups/new", """{"location":"eastus"}""");
        var address = $"{lab.Subscription}/resourceGroups/new/providers/Microsoft.Network/publicIPAddresses/ip";
        const string Body = """{"location":"eastus"}""";

        var first = await lab.PutAsync(address, Body);
        await lab.PostAsync($"{lab.Subscription}/providers/Microsoft.Network/register");
        var early = (Made: await lab.PutAsync(address, Body), State: await StateAsync());
        lab.Cloud.Pass(minutes: 3);
        var late = (Made: await lab.PutAsync(address, Body), State: await StateAsync());

        Assert.Equal((201, 409, Missing), (group.Code, first.Code, first.Error));
        Assert.Equal((409, Missing, "Registering"), (early.Made.Code, early.Made.Error, early.State));
        Assert.Equal((201, "Registered"), (late.Made.Code, late.State));

        async Task<string> StateAsync() => (string)(await lab.GetAsync($"{lab.Subscription}/providers/Microsoft.Network")).Json["registrationState"]!;
    }

    [Fact]
    public async Task A_subscription_that_was_never_used_has_registered_only_what_every_one_has()
    {
        using var lab = await FaceLab.StartAsync(options: new AzureFaceOptions { Unregistered = AzureFaceOptions.NeverUsed });

        var all = (await lab.GetAsync($"{lab.Subscription}/providers")).Json["value"]!.AsArray();

        Assert.All(all, provider => Assert.Equal(
            (string)provider!["namespace"]! is "Microsoft.Authorization" or "Microsoft.Resources" ? ("RegistrationFree", "Registered") : ("RegistrationRequired", "NotRegistered"),
            ((string)provider["registrationPolicy"]!, (string)provider["registrationState"]!)));
    }

    [Fact]
    public async Task A_deployment_is_refused_too()
    {
        using var lab = await FaceLab.StartAsync(options: new AzureFaceOptions { Unregistered = ["Microsoft.Compute"] });
        var template = JsonNode.Parse("""
            {"properties":{"mode":"Incremental","template":{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0",
            "resources":[{"type":"Microsoft.Compute/virtualMachineScaleSets","apiVersion":"2023-09-01","name":"agents","location":"eastus","sku":{"name":"Standard_D2s_v5","capacity":0},"properties":{}}]}}}
            """)!.ToJsonString();

        var answer = await lab.PostAsync($"{lab.Subscription}/resourceGroups/farm/providers/Microsoft.Resources/deployments/d/validate", template);

        Assert.Contains(Missing, answer.Text, StringComparison.Ordinal);
    }
}
