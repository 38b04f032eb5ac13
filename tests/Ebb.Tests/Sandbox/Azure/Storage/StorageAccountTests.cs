using System.Collections.Immutable;
using Ebb.Sandbox.Azure;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure.Storage;

public sealed class StorageAccountTests
{
    private const string Body = """{"location":"eastus","kind":"StorageV2","sku":{"name":"standard_lrs"},"properties":{"minimumTlsVersion":"TLS1_2"}}""";

    [Fact]
    public async Task An_account_is_accepted_without_a_body_and_shown_where_the_answer_points()
    {
        using var lab = await FaceLab.StartAsync();

        var accepted = await lab.PutAsync(Account(lab), Body);
        var early = await lab.GetAsync(accepted.Headers["Location"]);
        lab.Cloud.Pass(minutes: 1);
        var done = await lab.GetAsync(accepted.Headers["Location"]);
        var again = await lab.PutAsync(Account(lab), Body);

        Assert.Equal((202, ""), (accepted.Code, accepted.Text));
        Assert.Equal(202, early.Code);
        Assert.Equal((200, 200), (done.Code, again.Code));
        Assert.Equal(("Standard_LRS", "Standard"), ((string)done.Json["sku"]!["name"]!, (string)done.Json["sku"]!["tier"]!));
        var properties = done.Json["properties"]!;
        Assert.Equal("Succeeded", (string)properties["provisioningState"]!);
        Assert.Equal($"{FaceLab.Base}/ebbstore.file/", (string)properties["primaryEndpoints"]!["file"]!);
    }

    [Fact]
    public async Task An_account_has_two_keys_and_either_can_be_made_anew()
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab);

        var before = await KeysAsync(lab);
        var made = await lab.PostAsync($"{Account(lab)}/regenerateKey", """{"keyName":"key2"}""");
        var after = await KeysAsync(lab);
        var none = await lab.PostAsync($"{Account(lab)}/regenerateKey", """{"keyName":"key3"}""");

        Assert.Equal(200, made.Code);
        Assert.Equal(before[0], after[0]);
        Assert.NotEqual(before[1], after[1]);
        Assert.All(after, key => Assert.Equal(64, Convert.FromBase64String(key).Length));
        Assert.Equal(400, none.Code);
    }

    [Theory]
    [InlineData("Bad_Name", "AccountNameInvalid", 400)]
    [InlineData("ab", "AccountNameInvalid", 400)]
    [InlineData("theirs", "AlreadyExists", 409)]
    [InlineData("ebbstore", "AlreadyExists", 409)]
    public async Task A_name_that_cannot_be_had_is_said_beforehand_and_refused(string name, string reason, int status)
    {
        using var lab = await FaceLab.StartAsync(options: new AzureFaceOptions { TakenNames = ["theirs"] });
        await MakeAsync(lab);
        await lab.PutAsync($"{lab.Subscription}/resourceGroups/other", """{"location":"eastus"}""");

        var check = await lab.PostAsync($"{lab.Subscription}/providers/Microsoft.Storage/checkNameAvailability", $$"""{"name":"{{name}}","type":"Microsoft.Storage/storageAccounts"}""");
        var put = await lab.PutAsync($"{lab.Subscription}/resourceGroups/other/providers/Microsoft.Storage/storageAccounts/{name}", Body);

        Assert.Equal((false, reason), ((bool)check.Json["nameAvailable"]!, (string)check.Json["reason"]!));
        Assert.Equal(status, put.Code);
    }

    [Fact]
    public async Task A_name_is_free_again_once_its_account_is_gone()
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab);
        var first = await KeysAsync(lab);

        var deleted = await lab.DeleteAsync(Account(lab));
        var check = await lab.PostAsync($"{lab.Subscription}/providers/Microsoft.Storage/checkNameAvailability", """{"name":"ebbstore","type":"Microsoft.Storage/storageAccounts"}""");
        await MakeAsync(lab);

        Assert.Equal(200, deleted.Code);
        Assert.True((bool)check.Json["nameAvailable"]!);
        Assert.Equal(200, (await lab.GetAsync(Account(lab))).Code);
        Assert.Empty((await lab.GetAsync($"{Account(lab)}/fileServices/default/shares")).Json["value"]!.AsArray());
        Assert.Equal(2, first.Length);
    }

    [Fact]
    public async Task Shares_are_made_changed_listed_and_deleted()
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab);
        var shares = $"{Account(lab)}/fileServices/default/shares";

        var made = await lab.PutAsync($"{shares}/data", """{"properties":{"shareQuota":100}}""");
        var again = await lab.PutAsync($"{shares}/data", """{"properties":{"shareQuota":200}}""");
        await lab.PutAsync($"{shares}/ebb-system", "{}");
        var large = await lab.PutAsync($"{shares}/large", """{"properties":{"shareQuota":6000}}""");
        var bad = await lab.PutAsync($"{shares}/not--good", "{}");
        var listed = await lab.GetAsync($"{shares}?$filter=startswith(name,ebb)");
        var deleted = await lab.DeleteAsync($"{shares}/data");

        Assert.Equal((201, 200), (made.Code, again.Code));
        Assert.Equal(200, (int)again.Json["properties"]!["shareQuota"]!);
        Assert.Equal((400, 400), (large.Code, bad.Code));
        Assert.Equal("ebb-system", (string)Assert.Single(listed.Json["value"]!.AsArray())!["name"]!);
        Assert.Equal(200, deleted.Code);
        Assert.Equal(404, (await lab.GetAsync($"{shares}/data")).Code);
    }

    [Fact]
    public async Task A_group_that_is_deleted_takes_its_accounts_and_their_names_along()
    {
        using var lab = await FaceLab.StartAsync();
        await MakeAsync(lab);

        await lab.DeleteAsync($"{lab.Subscription}/resourceGroups/{Lab.Group}");
        lab.Cloud.Pass(minutes: 5);
        var check = await lab.PostAsync($"{lab.Subscription}/providers/Microsoft.Storage/checkNameAvailability", """{"name":"ebbstore","type":"Microsoft.Storage/storageAccounts"}""");

        Assert.True((bool)check.Json["nameAvailable"]!);
    }

    internal static string Account(FaceLab lab) => $"{lab.Subscription}/resourceGroups/{Lab.Group}/providers/Microsoft.Storage/storageAccounts/ebbstore";

    internal static async Task MakeAsync(FaceLab lab)
    {
        await lab.PutAsync(Account(lab), Body);
        lab.Cloud.Pass(minutes: 1);
    }

    internal static async Task<ImmutableArray<string>> KeysAsync(FaceLab lab)
    {
        var answer = await lab.PostAsync($"{Account(lab)}/listKeys");
        return [.. answer.Json["keys"]!.AsArray().Select(k => (string)k!["value"]!)];
    }
}
