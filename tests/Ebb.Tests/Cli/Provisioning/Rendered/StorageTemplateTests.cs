using System.Text.Json.Nodes;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;

namespace Ebb.Tests.Cli.Provisioning.Rendered;

public class StorageTemplateTests
{
    [Fact]
    public void The_key_of_the_shares_that_machines_mount_opens_nothing_of_the_control_plane_s()
    {
        var rendered = Renderer.Render(RenderLab.Minimal, RenderLab.Inputs);

        var shares = Of(rendered, "Microsoft.Storage/storageAccounts/fileServices/shares").Select(share => (string)share["name"]!);
        Assert.Equal(
            ["[concat(parameters('systemAccount'), '/default/ebb-system')]", "[concat(parameters('storageAccount'), '/default/srv')]"], shares);
        Assert.NotEqual((string?)rendered.StorageParameters["systemAccount"]!["value"], (string?)rendered.StorageParameters["storageAccount"]!["value"]);
    }

    [Fact]
    public void Accounts_show_nothing_in_public_and_refuse_old_encryption()
    {
        var accounts = Of(Renderer.Render(RenderLab.Minimal, RenderLab.Inputs), "Microsoft.Storage/storageAccounts").ToList();

        Assert.Equal(2, accounts.Count);
        Assert.All(accounts, account =>
        {
            var properties = account["properties"]!;
            Assert.Equal(("TLS1_2", false, true), ((string?)properties["minimumTlsVersion"], (bool)properties["allowBlobPublicAccess"]!, (bool)properties["supportsHttpsTrafficOnly"]!));
        });
    }

    [Fact]
    public void A_cluster_without_shares_has_no_account_for_them()
    {
        var rendered = Renderer.Render(RenderLab.Minimal with { Storage = new StorageDefinition { Shares = [] } }, RenderLab.Inputs);

        Assert.Single(Of(rendered, "Microsoft.Storage/storageAccounts"));
        Assert.Null(rendered.StorageParameters["storageAccount"]);
    }

    [Fact]
    public void A_share_larger_than_plain_accounts_take_is_allowed_on_its_account()
    {
        var storage = new StorageDefinition { Shares = [new ShareDefinition { Name = "big", QuotaGiB = 20_000 }] };

        var accounts = Of(Renderer.Render(RenderLab.Minimal with { Storage = storage }, RenderLab.Inputs), "Microsoft.Storage/storageAccounts");

        Assert.Equal([null, "Enabled"], accounts.Select(account => (string?)account["properties"]!["largeFileSharesState"]));
    }

    private static IEnumerable<JsonObject> Of(Ebb.Cli.Provisioning.Rendering rendered, string type) =>
        rendered.StorageTemplate["resources"]!.AsArray().Select(resource => resource!.AsObject()).Where(resource => (string?)resource["type"] == type);
}
