using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Ebb.SystemTests.Commands;

/// <summary>The controller by itself, with nothing but what the documentation grants it.</summary>
public sealed partial class RunTests : IAsyncLifetime
{
    private readonly Shell _shell = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_role_in_the_examples_is_enough_and_a_service_principal_from_the_environment()
    {
        var line = await PrepareAsync();

        using var run = _shell.Start($"run --dry-run {line}");
        var told = new StringBuilder();
        while (!told.ToString().Contains("would ", StringComparison.Ordinal) && await run.NextErrorLineAsync(Ct) is { } next)
        {
            told.AppendLine(next);
        }

        var ended = await run.StopAsync(Ct);

        Assert.Equal(0, ended.ExitCode);
        Assert.Contains("pools: agents, gpu", told.ToString(), StringComparison.Ordinal);
        Assert.Contains("would ", told.ToString(), StringComparison.Ordinal);
        foreach (var (verb, what, allowed) in new[]
        {
            ("patch", "nodes", "yes"), ("delete", "nodes", "yes"), ("create", "pods --subresource=eviction", "yes"), ("create", "events", "yes"),
            ("update", "leases.coordination.k8s.io/ebb-controller", "yes"), ("patch", "configmaps/ebb-status", "yes"),
            ("get", "secrets", "no"), ("delete", "pods", "no"), ("update", "leases.coordination.k8s.io/other", "no"),
        })
        {
            var said = await _shell.KubectlAsync($"auth can-i {verb} {what} -n kube-system --as system:serviceaccount:kube-system:ebb", ct: Ct);
            Assert.True(said.Out.Trim() == allowed, $"{verb} {what}: {said.Out}{said.Error}");
        }
    }

    [Fact]
    public async Task A_wrong_secret_and_a_wrong_token_are_told_apart()
    {
        var line = await PrepareAsync();
        _shell.Environment["AZURE_CLIENT_SECRET"] = "wrong";
        var secret = await _shell.EbbAsync($"plan {line}", Ct);
        var config = Path.Combine(_shell.State, "account.yaml");
        await File.WriteAllTextAsync(config, Token().Replace(await File.ReadAllTextAsync(config, Ct), "token: wrong"), Ct);
        var token = await _shell.EbbAsync($"plan {line}", Ct);

        Assert.Equal(2, secret.ExitCode);
        Assert.Contains("Azure refused the credential", secret.Error, StringComparison.Ordinal);
        Assert.Equal(1, token.ExitCode);
        Assert.Contains("401 Unauthorized", token.Error, StringComparison.Ordinal);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _shell.DisposeAsync();

    /// <summary>Starts a sandbox, grants the role, and gives the options that reach it as its service account.</summary>
    private async Task<string> PrepareAsync()
    {
        (await _shell.EbbAsync("up -d --speed 10", Ct)).Good();
        (await _shell.KubectlAsync("apply -f examples/rbac.yaml", ct: Ct)).Good();
        var ask = Path.Combine(_shell.State, "ask.json");
        await File.WriteAllTextAsync(ask, """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}""", Ct);
        var answer = (await _shell.KubectlAsync($"create --raw /api/v1/namespaces/kube-system/serviceaccounts/ebb/token -f {ask}", ct: Ct)).Good();
        var token = JsonDocument.Parse(answer.Out).RootElement.GetProperty("status").GetProperty("token").GetString();
        var admin = await File.ReadAllTextAsync(Path.Combine(_shell.State, "sandbox", "kubeconfig"), Ct);
        var config = Path.Combine(_shell.State, "account.yaml");
        await File.WriteAllTextAsync(config, Certificate().Replace(admin, $"    token: {token}\n"), Ct);

        var state = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(_shell.State, "sandbox", "sandbox.json"), Ct));
        var azure = state.RootElement.GetProperty("azure");
        var client = azure.GetProperty("client");
        _shell.Environment["AZURE_TENANT_ID"] = client.GetProperty("tenant").GetString();
        _shell.Environment["AZURE_CLIENT_ID"] = client.GetProperty("id").GetString();
        _shell.Environment["AZURE_CLIENT_SECRET"] = client.GetProperty("secret").GetString();
        _shell.Environment["AZURE_AUTHORITY_HOST"] = azure.GetProperty("endpoint").GetString();
        _shell.Environment["SSL_CERT_FILE"] = azure.GetProperty("authorityFile").GetString();
        return $"--kubeconfig {config} --subscription {azure.GetProperty("subscription").GetString()} "
            + $"--resource-group sandbox --arm-endpoint {azure.GetProperty("endpoint").GetString()}";
    }

    [GeneratedRegex("    client-certificate-data:.*\n    client-key-data:.*\n")]
    private static partial Regex Certificate();

    [GeneratedRegex("token: .*")]
    private static partial Regex Token();
}
