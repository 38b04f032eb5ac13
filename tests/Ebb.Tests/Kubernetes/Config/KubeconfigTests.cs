using System.Text;
using Ebb.Cli.Clusters;
using Ebb.Kubernetes.Config;
using Ebb.Simulation;

namespace Ebb.Tests.Kubernetes.Config;

public sealed class KubeconfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-kubeconfig").FullName;
    private readonly Dictionary<string, string?> _environment = [];
    private readonly Kubeconfig _kubeconfig;

    public KubeconfigTests()
    {
        _environment["HOME"] = _folder;
        _kubeconfig = new(Yaml.ToJson, name => _environment.GetValueOrDefault(name), new VirtualTime(TimeProvider.System.GetUtcNow()));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_current_context_gives_server_namespace_and_token()
    {
        var path = Write("config", Config("a", server: "https://a.test:6443/base", user: "token: secret-a", ns: "farm"));

        var connection = _kubeconfig.Load(path, null);

        Assert.Equal("https://a.test:6443/base", connection.Server.ToString());
        Assert.Equal("farm", connection.Namespace);
        Assert.Equal("Bearer secret-a", (await connection.Credential(null, Ct)).Header!.ToString());
        Assert.DoesNotContain("secret-a", connection.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_path_the_files_of_KUBECONFIG_count_then_the_one_at_home()
    {
        Directory.CreateDirectory(Path.Combine(_folder, ".kube"));
        Write(".kube/config", Config("home"));
        var fromHome = _kubeconfig.Load(null, null);

        _environment["KUBECONFIG"] = Write("other", Config("other"));
        var fromList = _kubeconfig.Load(null, null);

        Assert.Equal("home.test", fromHome.Server.Host);
        Assert.Equal("other.test", fromList.Server.Host);
    }

    [Fact]
    public void Of_several_files_the_first_to_name_a_thing_counts_and_missing_ones_are_skipped()
    {
        var one = Write("one", Config("shared", server: "https://one.test"));
        var two = Write("two", Config("shared", server: "https://two.test") + "\n---\n");
        var three = Write("three", Config("only", server: "https://three.test"));
        _environment["KUBECONFIG"] = string.Join(':', "/nowhere/at/all", one, "", two, one, three);

        var current = _kubeconfig.Load(null, null);
        var only = _kubeconfig.Load(null, "only");

        Assert.Equal("one.test", current.Server.Host);
        Assert.Equal("three.test", only.Server.Host);
        Assert.Equal(["only", "shared"], _kubeconfig.Contexts(null));
    }

    [Fact]
    public void The_first_current_context_that_is_set_counts_wherever_its_entries_stand()
    {
        var one = Write("one", "clusters: [{name: c, cluster: {server: 'https://c.test'}}]");
        var two = Write("two", "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]");
        var three = Write("three", Config("late"));
        _environment["KUBECONFIG"] = string.Join(':', one, two, three);

        Assert.Equal("c.test", _kubeconfig.Load(null, null).Server.Host);
    }

    [Fact]
    public async Task Relative_paths_start_at_the_file_that_names_them()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "deep"));
        Write("deep/token.txt", "from-file\n");
        var path = Write("deep/config", Config("a", user: "tokenFile: token.txt\n    token: literal"));

        var credential = await _kubeconfig.Load(path, null).Credential(null, Ct);

        Assert.Equal("Bearer from-file", credential.Header!.ToString());
    }

    [Fact]
    public async Task A_token_file_is_read_again_after_a_minute_and_when_refused()
    {
        var time = new VirtualTime();
        Write("token.txt", "one");
        var kubeconfig = new Kubeconfig(Yaml.ToJson, _ => null, time);
        var credential = kubeconfig.Load(Write("config", Config("a", user: "tokenFile: token.txt")), null).Credential;
        var seen = new List<string?> { (await credential(null, Ct)).Header!.Parameter };

        Write("token.txt", "two");
        seen.Add((await credential(null, Ct)).Header!.Parameter);
        seen.Add((await credential(await credential(null, Ct), Ct)).Header!.Parameter);
        Write("token.txt", "three");
        time.Advance(TimeSpan.FromSeconds(61));
        seen.Add((await credential(null, Ct)).Header!.Parameter);
        File.Delete(Path.Combine(_folder, "token.txt"));
        time.Advance(TimeSpan.FromSeconds(61));
        seen.Add((await credential(null, Ct)).Header!.Parameter);

        Assert.Equal(["one", "one", "two", "three", "three"], seen);
    }

    [Fact]
    public async Task Name_and_password_and_impersonation_become_headers()
    {
        var path = Write("config", Config("a", user: "username: u\n    password: p\n    as: boss\n    as-groups: [g1, g2]\n    as-user-extra: {why: [x]}"));

        var connection = _kubeconfig.Load(path, null);

        Assert.Equal("Basic " + Convert.ToBase64String("u:p"u8), (await connection.Credential(null, Ct)).Header!.ToString());
        Assert.Equal(
            ["Impersonate-User=boss", "Impersonate-Group=g1", "Impersonate-Group=g2", "Impersonate-Extra-why=x"],
            connection.Impersonation.Select(i => $"{i.Key}={i.Value}"));
    }

    [Fact]
    public async Task A_token_of_digits_keeps_every_one_of_them()
    {
        var path = Write("config", Config("a", user: "token: 12345678901234567890123"));

        Assert.Equal("12345678901234567890123", (await _kubeconfig.Load(path, null).Credential(null, Ct)).Header!.Parameter);
    }

    [Fact]
    public void JSON_is_YAML_too() =>
        Assert.Equal("j.test", _kubeconfig.Load(
            Write("config", """{"current-context":"j","contexts":[{"name":"j","context":{"cluster":"j"}}],"clusters":[{"name":"j","cluster":{"server":"https://j.test"}}]}"""), null).Server.Host);

    [Fact]
    public void Within_a_pod_the_service_account_counts()
    {
        using var certificates = new Certificates();
        Write("token", "pod-token");
        Write("ca.crt", certificates.AuthorityPem);
        Write("namespace", "mine");
        _environment["KUBERNETES_SERVICE_HOST"] = "fd00::1";
        _environment["KUBERNETES_SERVICE_PORT"] = "443";

        var connection = InCluster.Find(n => _environment.GetValueOrDefault(n), new VirtualTime(), _folder);

        Assert.Equal("https://[fd00::1]/", connection!.Server.ToString());
        Assert.Equal("mine", connection.Namespace);
    }

    [Fact]
    public void An_expired_client_certificate_is_told_before_anything_is_sent()
    {
        using var certificates = new Certificates();
        var (certificate, key) = certificates.Client("me", TimeProvider.System.GetUtcNow().AddDays(-1));

        var error = Assert.Throws<EbbException>(() => _kubeconfig.Load(Write("config", Config("a", user: Inline(certificate, key))), null));

        Assert.Contains("expired on", error.Message, StringComparison.Ordinal);
        Assert.Contains("user 'a'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_is_not_the_certificates_is_refused()
    {
        using var certificates = new Certificates();
        var config = Config("a", user: Inline(certificates.Client("me").Certificate, certificates.Client("you").Key));

        var error = Assert.Throws<EbbException>(() => _kubeconfig.Load(Write("config", config), null));

        Assert.Contains("the client certificate of user 'a'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("}{", "is not valid YAML: line 1")]
    [InlineData("just words", "is no kubeconfig")]
    [InlineData("[1, 2]", "is no kubeconfig")]
    [InlineData("kind: Pod", "its kind is 'Pod'")]
    [InlineData("clusters: 7", "clusters must be a list")]
    [InlineData("clusters: [{cluster: {}}]", "an entry of clusters has no name")]
    [InlineData("users: [{name: u, user: text}]", "users entry 'u'")]
    [InlineData("contexts: []", "has no current context")]
    [InlineData("current-context: nope\ncontexts: [{name: a, context: {}}]", "has no context 'nope'. It has 'a'.")]
    [InlineData("current-context: a\ncontexts: [{name: a, context: {}}]", "names no cluster")]
    [InlineData("current-context: a\ncontexts: [{name: a, context: {cluster: c}}]", "names the cluster 'c', which is not there")]
    public void What_is_wrong_is_said_with_the_file(string text, string message)
    {
        var path = Write("config", text);

        var error = Assert.Throws<EbbException>(() => _kubeconfig.Load(path, null));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "", "has no server")]
    [InlineData("{server: 'ftp://x'}", "", "is no http or https address")]
    [InlineData("{server: 'https://x', proxy-url: 'gopher://p'}", "", "proxy-url")]
    [InlineData("{server: 'https://x', certificate-authority: nowhere.crt}", "", "certificate-authority of 'a' cannot be read")]
    [InlineData("{server: 'https://x', certificate-authority-data: '%%%'}", "", "is not base64")]
    [InlineData("{server: 'https://x', certificate-authority-data: aGVsbG8=}", "", "holds no PEM certificate")]
    [InlineData("{server: 'https://x', insecure-skip-tls-verify: maybe}", "", "must be true or false")]
    [InlineData("{server: 'https://x'}", "client-certificate-data: aGVsbG8=", "without its key")]
    [InlineData("{server: 'https://x'}", "client-certificate-data: aGVsbG8=\n    client-key-data: aGVsbG8=", "cannot be read")]
    [InlineData("{server: 'https://x'}", "auth-provider: {name: gcp}", "exec plugin")]
    [InlineData("{server: 'https://x'}", "token: \"two words\"", "characters that no token has")]
    [InlineData("{server: 'https://x'}", "exec: {command: x}", "apiVersion ''")]
    [InlineData("{server: 'https://x'}", "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}", "v1alpha1")]
    [InlineData("{server: 'https://x'}", "exec: {apiVersion: client.authentication.k8s.io/v1}", "has no command")]
    [InlineData("{server: 'https://x'}", "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Often}", "'Often'")]
    public void A_wrong_cluster_or_user_is_said_with_its_name(string cluster, string user, string message)
    {
        var text = $"current-context: a\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\nclusters: [{{name: a, cluster: {cluster}}}]\n" +
            $"users:\n- name: a\n  user:\n    x: y\n    {user}\n";

        var error = Assert.Throws<EbbException>(() => _kubeconfig.Load(Write("config", text), null));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_or_cannot_be_read_is_named()
    {
        var missing = Assert.Throws<EbbException>(() => _kubeconfig.Load(Path.Combine(_folder, "missing"), null));
        var folder = Assert.Throws<EbbException>(() => _kubeconfig.Load(_folder, null));
        var none = Assert.Throws<EbbException>(() => _kubeconfig.Load(null, null));

        Assert.Contains("does not exist", missing.Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", folder.Message, StringComparison.Ordinal);
        Assert.Contains("There is no kubeconfig", none.Message, StringComparison.Ordinal);
    }

    private static string Config(string name, string? server = null, string user = "token: t", string ns = "default") =>
        $"""
         apiVersion: v1
         kind: Config
         current-context: {name}
         contexts:
         - name: {name}
           context:
             cluster: {name}
             user: {name}
             namespace: {ns}
         clusters:
         - name: {name}
           cluster:
             server: {server ?? $"https://{name}.test"}
         users:
         - name: {name}
           user:
             {user}
         """;

    private static string Inline(string certificate, string key) =>
        $"client-certificate-data: {Base64(certificate)}\n    client-key-data: {Base64(key)}";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
