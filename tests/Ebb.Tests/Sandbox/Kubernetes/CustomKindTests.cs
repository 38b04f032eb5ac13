namespace Ebb.Tests.Sandbox.Kubernetes;

public sealed class CustomKindTests : ApiFixture
{
    [Fact]
    public void A_custom_kind_is_served_once_it_is_defined()
    {
        Created("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
            {"metadata":{"name":"tides.ebb.dev"},"spec":{"group":"ebb.dev","scope":"Namespaced",
             "names":{"plural":"tides","kind":"Tide"},"versions":[{"name":"v1","served":true,"storage":true,
             "subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",
             "properties":{"height":{"type":"integer"}}}}}}}]}}
            """);

        var made = Created("/apis/ebb.dev/v1/namespaces/default/tides", """
            {"apiVersion":"ebb.dev/v1","kind":"Tide","metadata":{"name":"t"},"spec":{"height":3,"other":1}}
            """);
        var (strategic, _) = Send("PATCH", "/apis/ebb.dev/v1/namespaces/default/tides/t", "{}", "application/strategic-merge-patch+json");
        Send("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tides.ebb.dev");

        Assert.Equal(3, (int?)made["spec"]!["height"]);
        Assert.Null(made["spec"]!["other"]);
        Assert.Equal(415, strategic);
        Assert.Equal(404, Send("GET", "/apis/ebb.dev/v1/namespaces/default/tides").Code);
    }

    [Theory]
    [InlineData("""{"height":21}""", "spec.height in body should be less than or equal to 20")]
    [InlineData("""{"height":"high"}""", "spec.height in body must be of type integer")]
    [InlineData("""{}""", "spec.height: Required value")]
    [InlineData("""{"height":1,"moon":"half"}""", "supported values: \"new\", \"full\"")]
    public void A_custom_object_is_held_against_its_schema(string spec, string why)
    {
        Created("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
            {"metadata":{"name":"tides.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"kind":"Tide","plural":"tides"},
             "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",
             "required":["height"],"properties":{"height":{"type":"integer","maximum":20},"moon":{"type":"string","enum":["new","full"],"default":"new"}}}}}}}]}}
            """);
        const string path = "/apis/example.com/v1/namespaces/default/tides";

        var (code, status) = Send("POST", path, $$$$"""{"apiVersion":"example.com/v1","kind":"Tide","metadata":{"name":"a"},"spec":{{{{spec}}}}}""");
        var made = Created(path, """{"apiVersion":"example.com/v1","kind":"Tide","metadata":{"name":"b"},"spec":{"height":3}}""");

        Assert.Equal(422, code);
        Assert.Contains(why, (string?)status["message"], StringComparison.Ordinal);
        Assert.Equal("new", (string?)made["spec"]!["moon"]);
    }
}
