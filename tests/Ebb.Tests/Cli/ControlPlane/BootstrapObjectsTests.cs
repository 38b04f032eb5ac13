using System.Net;
using System.Text.Json.Nodes;
using Ebb.Cli.ControlPlane.Access;
using Ebb.Joining;
using Ebb.Simulation;
using Ebb.Tests.Kubernetes;

namespace Ebb.Tests.Cli.ControlPlane;

public class BootstrapObjectsTests
{
    private static readonly Uri Server = new("https://10.1.0.2:6443");

    [Theory]
    [InlineData("1.20", 0)]
    [InlineData("1.28", 0)]
    [InlineData("1.29", 1)]
    [InlineData("1.36", 2)]
    public void What_a_release_lacks_by_itself_is_bound(string release, int more)
    {
        var names = BootstrapObjects.All(Server, "pem", Version.Parse(release)).Select(manifest => manifest.Name).ToList();

        Assert.Equal(more, names.Count(name => name is "kubeadm:cluster-admins" or "kubeadm:apiserver-kubelet-client"));
        Assert.Contains("kubeadm:kubelet-bootstrap", names);
        Assert.Contains("cluster-info", names);
    }

    [Fact]
    public void Ebb_s_user_is_bound_to_exactly_the_rules_of_the_example()
    {
        var example = File.ReadAllText(Path.Combine(House.Tree.Root, "examples", "rbac.yaml")).Split("\n---\n")
            .Select(document => JsonNode.Parse(Ebb.Cli.Clusters.Yaml.ToJson(document).GetRawText())!)
            .Where(document => document["rules"] is not null)
            .ToDictionary(document => (string)document["kind"]!, document => document["rules"]!.ToJsonString());

        var manifests = EbbRole.Manifests();

        Assert.Equal(example, manifests.Where(m => m.Content["rules"] is not null).ToDictionary(m => m.Kind, m => m.Content["rules"]!.ToJsonString()));
        Assert.Equal(2, manifests.Count(m => m.Content["subjects"]?[0]?["name"]?.ToString() == "ebb" && m.Content["subjects"]?[0]?["kind"]?.ToString() == "User"));
    }

    [Fact]
    public void Who_admits_machines_may_make_and_delete_tokens_and_never_read_them()
    {
        var more = EbbRole.Manifests(joins: true).Except(EbbRole.Manifests(), EqualityComparer<Manifest>.Create((a, b) => a?.Name == b?.Name && a?.Kind == b?.Kind, m => m.Name.Length));

        var verbs = more.SelectMany(manifest => manifest.Content["rules"]?.AsArray() ?? [])
            .Select(rule => $"{rule!["resources"]![0]}: {string.Join(' ', rule["verbs"]!.AsArray())}");

        Assert.Equal(["pods: delete", "secrets: create delete"], verbs.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Namespaces_that_are_not_there_yet_are_waited_for()
    {
        var time = new VirtualTime(PkiLab.Start);
        var api = new FakeApi { Otherwise = asked => FakeApi.Response(HttpStatusCode.OK, "{}") };
        using var admin = api.Client(time);
        api.Answer(HttpStatusCode.NotFound, FakeApi.Status(404, "NotFound", "namespaces \\\"kube-public\\\" not found"));
        api.Answer(HttpStatusCode.Conflict, FakeApi.Status(409, "Conflict"));

        var applying = BootstrapObjects.ApplyAsync(admin, Server, "pem", new Version(1, 20), time, new Random(1), TestContext.Current.CancellationToken);
        while (!applying.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await applying;
        Assert.Equal(BootstrapObjects.All(Server, "pem", new Version(1, 20)).Length + 2, api.Requests.Count);
        Assert.All(api.Requests, asked => Assert.Equal("application/apply-patch+yaml", asked.ContentType));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(25 * 60)]
    public async Task A_join_token_lives_a_day_at_most(int minutes)
    {
        var time = new VirtualTime(PkiLab.Start);
        using var admin = new FakeApi().Client(time);

        await Assert.ThrowsAsync<EbbException>(
            () => new BootstrapTokens(admin, time).CreateAsync(TimeSpan.FromMinutes(minutes), "", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_token_that_was_made_is_not_printed()
    {
        var time = new VirtualTime(PkiLab.Start);
        var api = new FakeApi();
        api.Answer(HttpStatusCode.Created, "{}");
        using var admin = api.Client(time);

        var token = await new BootstrapTokens(admin, time).CreateAsync(TimeSpan.FromMinutes(5), "", TestContext.Current.CancellationToken);

        Assert.Matches("^[a-z0-9]{6}\\.[a-z0-9]{16}$", token.Text);
        Assert.DoesNotContain(token.Secret, $"{token}", StringComparison.Ordinal);
        Assert.Contains("\"expiration\":\"2026-03-01T12:05:00Z\"", Assert.Single(api.Requests).Body, StringComparison.Ordinal);
    }
}
