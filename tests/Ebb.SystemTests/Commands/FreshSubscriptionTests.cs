using System.Text.Json;

namespace Ebb.SystemTests.Commands;

/// <summary>A cluster in a subscription that nobody has used: none of the resource providers that it takes is registered.</summary>
public sealed class FreshSubscriptionTests : IAsyncLifetime
{
    private const string Name = "first-tide";

    // More than a machine of the control plane has: only the pool's, of which there is none yet, can take it.
    private const string Work = """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"work","namespace":"default"},
         "spec":{"containers":[{"name":"work","image":"busybox","resources":{"requests":{"cpu":"3"}}}]}}
        """;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    private readonly Shell _shell = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-file-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string YamlFile => Path.Combine(_folder, "ebb.yaml");

    private string Cloud => Path.Combine(_shell.State, "clusters", Name, "cloud", "sandbox.json");

    [Fact]
    public async Task It_is_registered_first_and_then_all_is_as_in_any_other()
    {
        (await EbbAsync($"init --yes --name {Name}")).Good();
        using (await HostAsync())
        {
            // It leaves the subscription as empty as it was, and the sandbox ends an empty one.
            var planned = (await EbbAsync("plan --json")).Good();
            var plan = JsonDocument.Parse(planned.Out).RootElement;
            Assert.Equal("Microsoft.Compute", plan.GetProperty("register")[0].GetString());
            Assert.Contains(plan.GetProperty("changes").EnumerateArray(), change => change.GetProperty("name").GetString() == "agents");
            await Shell.UntilAsync("the empty subscription is gone", Soon, () => Task.FromResult(!File.Exists(Cloud)));
        }

        using var host = await HostAsync();
        foreach (var command in new[] { "up", "up --storage-only" })
        {
            var unasked = await EbbAsync(command);
            Assert.Equal(2, unasked.ExitCode);
            Assert.Contains("has never used Microsoft.Compute, Microsoft.Network, Microsoft.Storage and Microsoft.ManagedIdentity", unasked.Error, StringComparison.Ordinal);
            Assert.Contains("--yes", unasked.Error, StringComparison.Ordinal);
        }

        var good = await File.ReadAllTextAsync(YamlFile, Ct);
        await File.WriteAllTextAsync(YamlFile, good.Replace("size: Standard_D4s_v5", "size: Standard_D4s_v55", StringComparison.Ordinal), Ct);
        var wrong = await EbbAsync("up --yes");
        await File.WriteAllTextAsync(YamlFile, good, Ct);
        var stored = (await EbbAsync("up --storage-only --yes")).Good();
        var up = (await EbbAsync("up --yes")).Good();
        var again = (await EbbAsync("up")).Good();

        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("Registering", wrong.Error, StringComparison.Ordinal);
        Assert.Contains("asks for size 'Standard_D4s_v55', which Azure does not have", wrong.Error, StringComparison.Ordinal);
        Assert.Contains("is there", stored.Out, StringComparison.Ordinal);
        Assert.Contains($"Cluster '{Name}' is up", up.Out, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", again.Out, StringComparison.Ordinal);

        var work = Path.Combine(_folder, "work.json");
        await File.WriteAllTextAsync(work, Work, Ct);
        (await KubectlAsync($"create --validate=false -f {work}")).Good();
        await Shell.UntilAsync("the pool has grown for the pod", Soon, async () =>
            (await KubectlAsync("get pod work -o jsonpath={.spec.nodeName}")).Good().Out.StartsWith("agents", StringComparison.Ordinal));

        (await EbbAsync("down --yes")).Good();
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<IDisposable> HostAsync()
    {
        var host = _shell.Start($"subscription-host --name {Name} --region westeurope --speed 20 --fresh");
        await Shell.UntilAsync("the subscription is there", Soon, () => Task.FromResult(File.Exists(Cloud)));
        return host;
    }

    private Task<Ran> EbbAsync(string line)
    {
        var words = line.Split(' ', 2);
        return _shell.EbbAsync($"{words[0]} -f {YamlFile} {(words.Length > 1 ? words[1] : "")}", Ct);
    }

    private Task<Ran> KubectlAsync(string line) => _shell.KubectlAsync(line, $"clusters/{Name}", Ct);
}
