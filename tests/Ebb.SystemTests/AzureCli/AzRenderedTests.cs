using System.Text.Json;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.AzureCli;

/// <summary>What 'ebb render' writes is deployed by az, with the commands that its README prints; 'ebb up' takes the cluster as its own.</summary>
[Collection(AzCommands.Name)]
public sealed class AzRenderedTests : IAsyncLifetime
{
    private const string One = """
        name: az-one
        cloud: {provider: azure, region: westeurope, endpoint: sandbox}
        pools:
          - {name: agents, size: Standard_D2s_v5, min: 1, max: 4}
        storage: {shares: [{name: srv}]}
        addOns: {ingress: true, registry: true}
        access: {sshFrom: [own-address], apiFrom: anyone, ingressFrom: cloudflare}
        """;

    private const string Three = """
        name: az-three
        cloud: {provider: azure, region: westeurope, endpoint: sandbox}
        controlPlane: {machines: 3, size: Standard_D2s_v5, zones: [1, 2, 3]}
        pools:
          - {name: agents, size: Standard_D2s_v5, priority: spot-then-regular, min: 1, max: 4, zones: [1, 2]}
          - {name: big, size: Standard_D4s_v5, max: 2}
        storage: {shares: [{name: srv}, {name: scenes, quotaGiB: 20000, mountAt: /mnt/scenes}]}
        options: {tailscale: {authKey: "${TAILSCALE_KEY}"}}
        """;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly Shell _shell = new() { Environment = { ["TAILSCALE_KEY"] = "tskey-of-a-test" } };
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-rendered-").FullName;
    private AzBinary _az = null!;
    private string _authority = "";
    private Running? _host;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Rendered => Path.Combine(_folder, "rendered");

    [Theory]
    [InlineData("az-one", One)]
    [InlineData("az-three", Three)]
    public async Task Az_makes_the_cluster_and_ebb_takes_it_for_its_own(string name, string yaml)
    {
        await SignInAsync(name, yaml);

        foreach (var command in await ReadmeAsync())
        {
            await BashAsync(command);
        }

        foreach (var step in new[] { "storage", "compute" })
        {
            string[] what = ["--resource-group", $"{name}-{step}", "--name", $"ebb-{step}", "--template-file", Path.Combine(Rendered, $"{step}.json"), "--parameters", $"@{Path.Combine(Rendered, $"{step}.parameters.json")}"];
            var again = await _az.JsonAsync(["deployment", "group", "what-if", "--no-pretty-print", .. what]);

            // But for what machines are told at their birth: nobody gives it out, so that it is told as new each time.
            Assert.All(again["changes"]!.AsArray(), change => Assert.All(
                change!["delta"]?.AsArray() ?? [], d => Assert.EndsWith("osProfile.customData", (string?)d!["path"], StringComparison.Ordinal)));
            Assert.Equal("Succeeded", (string?)(await _az.JsonAsync(["deployment", "group", "validate", .. what]))["properties"]!["provisioningState"]);
            Assert.Equal(["Succeeded"], (await _az.LinesAsync("[].properties.provisioningState", ["deployment", "operation", "group", "list", .. what[..4]])).Distinct());
        }

        // What machines are told from now on lies on the share, and is no deployment's to write. Of az's own deployments Azure does not show all.
        Assert.Equal(["Microsoft.Resources/deployments", "Microsoft.Resources/deployments", "Ebb/control-plane"], await ChangedAsync());
        var up = (await EbbAsync("up --yes")).Good();
        Assert.Contains($"Cluster '{name}' is up", up.Out, StringComparison.Ordinal);
        Assert.Empty(await ChangedAsync());
    }

    /// <summary>The types of what 'ebb up' would change.</summary>
    private async Task<IEnumerable<string?>> ChangedAsync() =>
        JsonDocument.Parse((await EbbAsync("plan --json")).Good().Out).RootElement.GetProperty("changes").EnumerateArray().Select(change => change.GetProperty("type").GetString());

    public async ValueTask InitializeAsync()
    {
        var (path, missing) = await AzWorld.FindAsync();
        Assert.SkipWhen(path is null, missing ?? "");

        // As the README's commands find it.
        Directory.CreateDirectory(Path.Combine(_folder, "bin"));
        File.CreateSymbolicLink(Path.Combine(_folder, "bin", "az"), path!);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync(CancellationToken.None);
            _host.Dispose();
        }

        await _shell.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>An empty subscription, az signed in to it, and everything rendered.</summary>
    private async Task SignInAsync(string name, string yaml)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "ebb.yaml"), yaml, Ct);
        _host = _shell.Start($"subscription-host --name {name} --region westeurope --speed 20");
        var home = Path.Combine(_shell.State, "clusters", name, "cloud");
        await Shell.UntilAsync("the subscription is there", Soon, () => Task.FromResult(File.Exists(Path.Combine(home, "sandbox.json"))));
        var azure = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(home, "sandbox.json"), Ct)).RootElement.GetProperty("azure");
        var client = azure.GetProperty("client");
        _authority = Path.Combine(home, "azure-ca.crt");
        _az = new AzBinary(Path.Combine(_folder, "bin", "az"), _folder, _authority);
        await _az.RunAsync("cloud", "register", "--name", "sandbox", "--endpoint-resource-manager", azure.GetProperty("endpoint").GetString()!, "--profile", "latest");
        await _az.RunAsync("cloud", "set", "--name", "sandbox");
        await _az.RunAsync(
            "login", "--service-principal", "--username", client.GetProperty("id").GetString()!, "--password", client.GetProperty("secret").GetString()!,
            "--tenant", client.GetProperty("tenant").GetString()!);

        // What looks at an empty subscription ends it: the sandbox's way, which Azure does not have.
        await _az.RunAsync("group", "create", "--name", $"{name}-compute", "--location", "westeurope", "--tags", $"ebb-cluster={name}");
        (await EbbAsync($"render --share -o {Rendered}")).Good();
    }

    /// <summary>The commands as they are printed, each as one.</summary>
    private async Task<IReadOnlyList<string>> ReadmeAsync()
    {
        var lines = (await File.ReadAllTextAsync(Path.Combine(Rendered, "README.md"), Ct)).Replace("\\\n", "", StringComparison.Ordinal).Split('\n');
        return [.. lines.Where(line => line.StartsWith("    az ", StringComparison.Ordinal)).Select(line => line.Trim())];
    }

    private async Task BashAsync(string command)
    {
        if (command.Contains(" --account-name ", StringComparison.Ordinal))
        {
            // In Azure the account's name leads to its files by DNS; here the account says where they are.
            var words = command.Split(' ');
            var account = words[Array.IndexOf(words, "--account-name") + 1];
            var group = (await _az.LinesAsync($"[?name=='{account}'].resourceGroup", "storage", "account", "list"))[0];
            var key = (await _az.LinesAsync("[0].value", "storage", "account", "keys", "list", "--resource-group", group, "--account-name", account))[0];
            var endpoint = (await _az.LinesAsync("primaryEndpoints.file", "storage", "account", "show", "--resource-group", group, "--name", account))[0];
            command = command.Replace($"--account-name {account}", $"--connection-string 'DefaultEndpointsProtocol=https;AccountName={account};AccountKey={key};FileEndpoint={endpoint}'", StringComparison.Ordinal);
        }

        var (code, output, error) = await new AzBinary("/bin/bash", _folder, _authority).TryAsync("-c", $"PATH={Path.Combine(_folder, "bin")}:$PATH; cd {Rendered} && {command}");
        Assert.True(code == 0, $"{command}\nended with {code}:\n{error}{output}");
    }

    private Task<Ran> EbbAsync(string line)
    {
        var words = line.Split(' ', 2);
        return _shell.EbbAsync($"{words[0]} -f {Path.Combine(_folder, "ebb.yaml")} {(words.Length > 1 ? words[1] : "")}", Ct);
    }
}
