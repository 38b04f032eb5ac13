using Ebb.Cli.Clusters;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Config;
using Ebb.Simulation;

namespace Ebb.Tests.Kubernetes.Config;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ExecPluginTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-exec").FullName;
    private readonly VirtualTime _time = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_program_gets_its_arguments_and_environment_and_gives_a_token()
    {
        Script(
            """
            printf '%s|%s|%s' "$1" "$MY_VARIABLE" "$KUBERNETES_EXEC_INFO" > seen
            echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t-1"}}'
            """);

        var credential = await Load("v1", "args: ['a $HOME; b']\n      env: [{name: MY_VARIABLE, value: x y}]\n      provideClusterInfo: true")(null, Ct);

        Assert.Equal("Bearer t-1", credential.Header!.ToString());
        Assert.Equal(
            """a $HOME; b|x y|{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false,"cluster":{"server":"https://a.test","tls-server-name":"inner"}}}""",
            await File.ReadAllTextAsync(Path.Combine(_folder, "seen"), Ct));
    }

    [Fact]
    public async Task A_credential_is_kept_until_it_expires_or_is_refused()
    {
        Script(
            """
            echo x >> runs
            n=$(wc -l < runs)
            echo "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"status\":{\"token\":\"t-$n\",\"expirationTimestamp\":\"2026-01-01T0$n:00:00Z\"}}"
            """);
        var credential = Load("v1beta1", "");

        var seen = new List<string?> { (await credential(null, Ct)).Header!.Parameter, (await credential(null, Ct)).Header!.Parameter };
        _time.Advance(TimeSpan.FromHours(1));
        seen.Add((await credential(null, Ct)).Header!.Parameter);
        seen.Add((await credential(await credential(null, Ct), Ct)).Header!.Parameter);
        seen.Add((await credential(null, Ct)).Header!.Parameter);

        Assert.Equal(["t-1", "t-1", "t-2", "t-3", "t-3"], seen);
    }

    [Fact]
    public async Task Requests_refused_together_run_the_program_once()
    {
        Script(
            """
            echo x >> runs
            echo "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"t-$(wc -l < runs)\"}}"
            """);
        var credential = Load("v1", "");
        var old = await credential(null, Ct);

        var renewed = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => credential(old, Ct).AsTask()));

        Assert.All(renewed, c => Assert.Equal("t-2", c.Header!.Parameter));
    }

    [Fact]
    public async Task A_program_may_give_a_certificate()
    {
        using var certificates = new Certificates();
        var (certificate, key) = certificates.Client("me");
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "answer"),
            $$$"""{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"clientCertificateData":{{{Quoted(certificate)}}},"clientKeyData":{{{Quoted(key)}}}}}""",
            Ct);
        Script("cat answer");

        var credential = await Load("v1", "")(null, Ct);

        Assert.Equal("CN=me", credential.Certificate!.Subject);
        Assert.True(credential.Certificate.HasPrivateKey);
    }

    [Theory]
    [InlineData("echo 'please log in' >&2; exit 3", "failed with exit code 3. please log in")]
    [InlineData("echo hello", "no ExecCredential in JSON")]
    [InlineData("echo '{\"kind\":\"Pod\"}'", "no ExecCredential")]
    [InlineData("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"status\":{\"token\":\"hunter2\"}}'", "another version")]
    [InlineData("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\"}'", "gave no status")]
    [InlineData("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{}}'", "neither a token nor a certificate")]
    [InlineData("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":{\"hunter2\":1}}}'", "no ExecCredential in JSON")]
    [InlineData("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"hunter2\",\"expirationTimestamp\":\"soon\"}}'", "expirationTimestamp")]
    [InlineData("head -c 3000000 /dev/zero", "that is no credential")]
    public async Task What_goes_wrong_is_said_and_no_secret_with_it(string script, string message)
    {
        Script(script);

        var error = await Assert.ThrowsAsync<EbbException>(async () => await Load("v1", "")(null, Ct));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_is_missing_is_said_with_its_install_hint()
    {
        var error = await Assert.ThrowsAsync<EbbException>(async () => await Load("v1", "installHint: Install it with a spoon.")(null, Ct));

        Assert.Contains("cannot be run", error.Message, StringComparison.Ordinal);
        Assert.Contains("Install it with a spoon.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_hangs_is_stopped_with_all_that_it_started()
    {
        Script("sleep 987654 & echo $! > pid; wait");
        var asking = Load("v1", "interactiveMode: Never")(null, Ct).AsTask();
        var pidFile = Path.Combine(_folder, "pid");
        while (!File.Exists(pidFile) || (await File.ReadAllTextAsync(pidFile, Ct)).Length == 0)
        {
            await Task.Yield();
        }

        _time.Advance(TimeSpan.FromSeconds(61));

        var error = await Assert.ThrowsAsync<EbbException>(() => asking);
        Assert.Contains("was stopped", error.Message, StringComparison.Ordinal);
    }

    private static string Quoted(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    private void Script(string body)
    {
        var path = Path.Combine(_folder, "plugin");
        File.WriteAllText(path, $"#!/bin/sh\ncd \"$(dirname \"$0\")\"\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private Func<KubeCredential?, CancellationToken, ValueTask<KubeCredential>> Load(string version, string more)
    {
        var path = Path.Combine(_folder, "config");
        File.WriteAllText(
            path,
            $"""
             current-context: a
             contexts: [{"{"}name: a, context: {"{"}cluster: a, user: a{"}"}{"}"}]
             clusters: [{"{"}name: a, cluster: {"{"}server: 'https://a.test', tls-server-name: inner{"}"}{"}"}]
             users:
             - name: a
               user:
                 exec:
                   apiVersion: client.authentication.k8s.io/{version}
                   command: ./plugin
                   interactiveMode: Never
                   {more.Replace("interactiveMode: Never", "", StringComparison.Ordinal)}
             """);
        return new Kubeconfig(Yaml.ToJson, Environment.GetEnvironmentVariable, _time).Load(path, null).Credential;
    }
}
