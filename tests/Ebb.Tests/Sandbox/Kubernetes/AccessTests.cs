using Ebb.Sandbox.Kubernetes.Api;

namespace Ebb.Tests.Sandbox.Kubernetes;

public sealed class AccessTests : ApiFixture
{
    [Fact]
    public void Rbac_decides_for_those_who_are_not_masters()
    {
        var reader = new User("eve", "system:authenticated");
        var before = Send("GET", "/api/v1/nodes", user: reader);
        Created("/apis/rbac.authorization.k8s.io/v1/clusterroles", """{"metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["nodes"],"verbs":["list"]}]}""");
        Created("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """{"metadata":{"name":"r"},"roleRef":{"kind":"ClusterRole","name":"r"},"subjects":[{"kind":"User","name":"eve"}]}""");

        var after = Send("GET", "/api/v1/nodes", user: reader);
        var (_, review) = Send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", """{"spec":{"resourceAttributes":{"verb":"delete","resource":"nodes"}}}""", user: reader);

        Assert.Equal(403, before.Code);
        Assert.Equal(
            "nodes is forbidden: User \"eve\" cannot list resource \"nodes\" in API group \"\" at the cluster scope",
            (string?)before.Body["message"]);
        Assert.Equal(200, after.Code);
        Assert.False((bool)review["status"]!["allowed"]!);
    }

    [Fact]
    public void A_token_says_whose_it_is_until_it_expires()
    {
        var (_, request) = Send("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", """{"spec":{"expirationSeconds":600}}""");
        var token = (string)request["status"]!["token"]!;

        var now = Api.Tokens.Check(token);
        Time.Advance(TimeSpan.FromSeconds(601));

        Assert.Equal("system:serviceaccount:default:default", now!.Name);
        Assert.Null(Api.Tokens.Check(token));
        Assert.Null(Api.Tokens.Check(token[..^3] + "abc"));
    }
}
