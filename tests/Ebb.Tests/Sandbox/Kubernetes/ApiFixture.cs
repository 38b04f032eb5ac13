using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox;
using Ebb.Sandbox.Kubernetes.Api;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation;

namespace Ebb.Tests.Sandbox.Kubernetes;

/// <summary>An API over a fresh store on virtual time.</summary>
public abstract class ApiFixture : IDisposable
{
    protected const string Pods = "/api/v1/namespaces/default/pods";
    protected const string Jobs = "/apis/batch/v1/namespaces/default/jobs";
    protected const string Deployments = "/apis/apps/v1/namespaces/default/deployments";

    protected const string Pod = """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","labels":{"app":"a"}},
         "spec":{"containers":[{"name":"c","image":"busybox","resources":{"limits":{"cpu":"1","memory":"1Gi"}}}]}}
        """;

    protected const string Deployment = """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},
         "spec":{"selector":{"matchLabels":{"app":"a"}},"template":{"metadata":{"labels":{"app":"a"}},
         "spec":{"containers":[{"name":"c","image":"busybox:1"}]}}}}
        """;

    private readonly Agenda _agenda;

    protected ApiFixture()
    {
        _agenda = new Agenda(Time);
        Store = new ObjectStore(_agenda, new Random(1));
        Api = new KubeApi(Store);
        Api.Seed();
    }

    protected VirtualTime Time { get; } = new();

    protected ObjectStore Store { get; }

    protected KubeApi Api { get; }

    public void Dispose()
    {
        _agenda.Dispose();
        GC.SuppressFinalize(this);
    }

    protected (int Code, JsonNode Body) Send(
        string method, string path, string? body = null, string type = "application/json", User? user = null,
        string accept = "application/json")
    {
        var answer = Api.Handle(Request(method, path, body, type, user) with { Accept = accept });
        return (answer.Code, JsonNode.Parse(answer.Body.Span)!);
    }

    protected static ApiRequest Request(
        string method, string path, string? body = null, string type = "application/json", User? user = null)
    {
        var parts = path.Split('?', 2);
        return new ApiRequest(method, parts[0])
        {
            Query = parts.ElementAtOrDefault(1) ?? "",
            Body = Encoding.UTF8.GetBytes(body ?? ""),
            ContentType = type,
            User = user ?? User.Admin,
            UserAgent = "test/1",
        };
    }

    protected JsonNode Created(string path, string body)
    {
        var (code, answer) = Send("POST", path, body);
        Assert.True(code == 201, answer.ToJsonString());
        return answer;
    }
}
