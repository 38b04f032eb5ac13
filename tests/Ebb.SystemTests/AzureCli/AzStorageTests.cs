using System.Security.Cryptography;

namespace Ebb.SystemTests.AzureCli;

[Collection(AzCommands.Name)]
public sealed class AzStorageTests(AzWorld world)
{
    private static readonly string[] In = ["--resource-group", AzWorld.Group];

    [Fact]
    public async Task An_account_its_keys_and_a_share_are_made_and_files_go_up_and_come_down()
    {
        var az = world.Latest;
        var account = await az.JsonAsync(["storage", "account", "create", .. In, "--name", "azstore1", "--location", "eastus", "--sku", "Standard_LRS"]);
        await az.RunAsync(["storage", "share-rm", "create", .. In, "--storage-account", "azstore1", "--name", "data", "--quota", "10"]);
        var keys = await az.LinesAsync("[].value", ["storage", "account", "keys", "list", .. In, "--account-name", "azstore1"]);

        // Where the account's files are is said by the account; az finds them by this alone.
        var connection = $"DefaultEndpointsProtocol=https;AccountName=azstore1;AccountKey={keys[0]};FileEndpoint={account["primaryEndpoints"]!["file"]}";
        string[] share = ["--connection-string", connection, "--share-name", "data"];
        var bytes = RandomNumberGenerator.GetBytes(5_000_000);
        var (up, down) = (Path.Combine(world.Home, "up.bin"), Path.Combine(world.Home, "down.bin"));
        await File.WriteAllBytesAsync(up, bytes, TestContext.Current.CancellationToken);
        await az.RunAsync(["storage", "directory", "create", .. share, "--name", "dir"]);
        await az.RunAsync(["storage", "file", "upload", .. share, "--source", up, "--path", "dir/a file.bin"]);
        var listed = await az.LinesAsync("[].name", ["storage", "file", "list", .. share, "--path", "dir"]);
        await az.RunAsync(["storage", "file", "download", .. share, "--path", "dir/a file.bin", "--dest", down]);
        await az.RunAsync(["storage", "file", "delete", .. share, "--path", "dir/a file.bin"]);
        await az.RunAsync(["storage", "directory", "delete", .. share, "--name", "dir"]);

        Assert.Equal(["a file.bin"], listed);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(down, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_key_that_was_made_anew_opens_no_more()
    {
        var az = world.Latest;
        var account = await az.JsonAsync(["storage", "account", "create", .. In, "--name", "azstore2", "--location", "eastus", "--sku", "Standard_LRS"]);
        var keys = await az.LinesAsync("[].value", ["storage", "account", "keys", "list", .. In, "--account-name", "azstore2"]);
        await az.RunAsync(["storage", "account", "keys", "renew", .. In, "--account-name", "azstore2", "--key", "primary"]);
        string Connection(string key) => $"DefaultEndpointsProtocol=https;AccountName=azstore2;AccountKey={key};FileEndpoint={account["primaryEndpoints"]!["file"]}";

        var (code, _, error) = await az.TryAsync("storage", "share", "list", "--connection-string", Connection(keys[0]));
        var second = await az.TryAsync("storage", "share", "list", "--connection-string", Connection(keys[1]));

        Assert.NotEqual(0, code);
        Assert.Contains("AuthenticationFailed", error, StringComparison.Ordinal);
        Assert.Equal(0, second.Code);
    }

    [Fact]
    public async Task A_name_is_looked_up_and_an_account_deleted()
    {
        var az = world.Latest;
        await az.RunAsync(["storage", "account", "create", .. In, "--name", "azstore3", "--location", "eastus", "--sku", "Standard_LRS"]);
        var taken = await az.JsonAsync("storage", "account", "check-name", "--name", "azstore3");
        await az.RunAsync(["storage", "account", "delete", .. In, "--name", "azstore3", "--yes"]);
        var free = await az.JsonAsync("storage", "account", "check-name", "--name", "azstore3");

        Assert.Equal((false, true), ((bool)taken["nameAvailable"]!, (bool)free["nameAvailable"]!));
    }
}
