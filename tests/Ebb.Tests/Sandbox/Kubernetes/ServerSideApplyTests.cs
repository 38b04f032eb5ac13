namespace Ebb.Tests.Sandbox.Kubernetes;

public sealed class ServerSideApplyTests : ApiFixture
{
    private const string Path = "/apis/apps/v1/namespaces/default/deployments/d";
    private const string Type = "application/apply-patch+yaml";

    private const string Applied = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: d, labels: {tier: web}}
        spec:
          replicas: 2
          selector: {matchLabels: {app: a}}
          template:
            metadata: {labels: {app: a}}
            spec:
              containers:
              - {name: c, image: "busybox:1", env: [{name: X, value: "1"}]}
        """;

    [Fact]
    public void Applying_creates_and_applying_again_changes_nothing()
    {
        var (first, made) = Send("PATCH", Path + "?fieldManager=one", Applied, Type);
        var (second, again) = Send("PATCH", Path + "?fieldManager=one", Applied, Type);

        Assert.Equal(201, first);
        Assert.Equal(200, second);
        Assert.Equal((string?)made["metadata"]!["resourceVersion"], (string?)again["metadata"]!["resourceVersion"]);
        Assert.Equal("one", (string?)made["metadata"]!["managedFields"]![0]!["manager"]);
    }

    [Fact]
    public void What_another_manager_owns_is_a_conflict_unless_forced()
    {
        Send("PATCH", Path + "?fieldManager=one", Applied, Type);
        var changed = Applied.Replace("replicas: 2", "replicas: 5", StringComparison.Ordinal);

        var (refused, status) = Send("PATCH", Path + "?fieldManager=two", changed, Type);
        var (forced, after) = Send("PATCH", Path + "?fieldManager=two&force=true", changed, Type);

        Assert.Equal(409, refused);
        Assert.Equal(
            "Apply failed with 1 conflict: conflict with \"one\": .spec.replicas", (string?)status["message"]);
        Assert.Equal("FieldManagerConflict", (string?)status["details"]!["causes"]![0]!["reason"]);
        Assert.Equal(".spec.replicas", (string?)status["details"]!["causes"]![0]!["field"]);
        Assert.Equal(200, forced);
        Assert.Equal(5, (int?)after["spec"]!["replicas"]);
    }

    [Fact]
    public void What_is_no_longer_applied_is_taken_away()
    {
        Send("PATCH", Path + "?fieldManager=one", Applied, Type);

        var (_, after) = Send(
            "PATCH",
            Path + "?fieldManager=one",
            Applied.Replace(", env: [{name: X, value: \"1\"}]", "", StringComparison.Ordinal)
                .Replace(", labels: {tier: web}", "", StringComparison.Ordinal),
            Type);

        Assert.Null(after["spec"]!["template"]!["spec"]!["containers"]![0]!["env"]);
        Assert.Null(after["metadata"]!["labels"]);
        Assert.Equal("busybox:1", (string?)after["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]);
    }

    [Fact]
    public void A_field_written_by_someone_else_is_theirs_afterwards()
    {
        Send("PATCH", Path + "?fieldManager=one", Applied, Type);
        Send("PATCH", Path + "?fieldManager=scaler", """{"spec":{"replicas":9}}""", "application/merge-patch+json");

        var (code, status) = Send("PATCH", Path + "?fieldManager=one", Applied, Type);

        Assert.Equal(409, code);
        Assert.Contains("\"scaler\"", (string?)status["message"], StringComparison.Ordinal);
    }

    [Fact]
    public void Applying_without_a_manager_is_refused() =>
        Assert.Equal(422, Send("PATCH", Path, Applied, Type).Code);
}
