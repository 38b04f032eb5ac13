using System.Net;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Simulation;

namespace Ebb.Tests.Clouds.Azure;

public sealed class InstanceMetadataTests : IDisposable
{
    private const string Machine = """{"name":"masters_0","subscriptionId":"sub-9","resourceGroupName":"farm","location":"eastus","vmScaleSetName":"masters","vmId":"v","azEnvironment":"AzureUSGovernmentCloud"}""";

    private readonly Runner _runner = new(new VirtualTime());
    private readonly Service _service = new();
    private readonly InstanceMetadata _metadata;

    public InstanceMetadataTests()
    {
        _metadata = new InstanceMetadata(new HttpMessageInvoker(_service), InstanceMetadata.Default, _runner.Time, new Random(1));
    }

    public void Dispose() => _service.Dispose();

    [Fact]
    public void A_machine_learns_where_it_is()
    {
        _service.Answers.Enqueue((HttpStatusCode.OK, Machine));

        var facts = _runner.Complete(() => _metadata.MachineAsync(CancellationToken.None), TimeSpan.FromMinutes(1))!;

        Assert.Equal(("sub-9", "farm", "eastus", "masters"), (facts.SubscriptionId, facts.ResourceGroup, facts.Location, facts.ScaleSet));
        Assert.Equal("true", _service.Requests[0].Headers.GetValues("Metadata").Single());
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.Gone)]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.InternalServerError)]
    public void What_heals_is_tried_again(HttpStatusCode status)
    {
        _service.Answers.Enqueue((status, ""));
        _service.Answers.Enqueue((status, ""));
        _service.Answers.Enqueue((HttpStatusCode.OK, Machine));

        Assert.NotNull(_runner.Complete(() => _metadata.MachineAsync(CancellationToken.None), TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void Outside_of_Azure_there_is_no_machine()
    {
        _service.Hangs = true;

        Assert.Null(_runner.Complete(() => _metadata.MachineAsync(CancellationToken.None), TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void The_managed_identity_gives_a_token_with_its_end()
    {
        _service.Answers.Enqueue((HttpStatusCode.OK, """{"access_token":"secret","expires_on":"1767225600","token_type":"Bearer"}"""));

        var token = _runner.Complete(() => _metadata.TokenAsync("https://management.azure.com/", "id-1", CancellationToken.None).AsTask(), TimeSpan.FromMinutes(1));

        Assert.Equal(("secret", DateTimeOffset.FromUnixTimeSeconds(1767225600)), (token.Token, token.ExpiresOn));
        Assert.DoesNotContain("secret", token.ToString(), StringComparison.Ordinal);
        Assert.Equal(
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F&client_id=id-1",
            _service.Requests[0].RequestUri!.AbsoluteUri);
    }

    [Fact]
    public void Without_an_identity_a_person_must_act()
    {
        _service.Answers.Enqueue((HttpStatusCode.BadRequest, """{"error":"invalid_request","error_description":"Identity not found"}"""));

        var e = Assert.Throws<EbbException>(() => _runner.Complete(() => _metadata.TokenAsync("r", null, CancellationToken.None).AsTask(), TimeSpan.FromMinutes(1)));

        Assert.Contains("Identity not found", e.Message, StringComparison.Ordinal);
        Assert.Single(_service.Requests);
    }

    [Fact]
    public void Flags_win_over_the_environment_and_that_over_the_machine()
    {
        _service.Answers.Enqueue((HttpStatusCode.OK, Machine));
        var environment = new Dictionary<string, string> { ["ARM_SUBSCRIPTION_ID"] = "arm-sub", ["AZURE_SUBSCRIPTION_ID"] = "env-sub" };

        var mixed = Resolve(new AzureSettings(), environment);
        var given = Resolve(new AzureSettings("flag-sub", "flag-group", "http://127.0.0.1:99"), environment);

        Assert.Equal(new AzureScope("env-sub", "farm", "eastus", new Uri("https://management.usgovcloudapi.net/")), mixed);
        Assert.Equal(new AzureScope("flag-sub", "flag-group", null, new Uri("http://127.0.0.1:99")), given);
        Assert.Single(_service.Requests);
    }

    [Theory]
    [InlineData("sub/..", "farm", null)]
    [InlineData("sub", "farm/../other", null)]
    [InlineData("sub", "farm", "http://example.com")]
    [InlineData("sub", "farm", "somewhere")]
    public void A_scope_that_cannot_be_right_is_refused(string subscription, string group, string? endpoint)
    {
        Assert.Throws<EbbException>(() => Resolve(new AzureSettings(subscription, group, endpoint), []));
    }

    [Fact]
    public void When_nobody_knows_the_scope_the_error_names_the_flags()
    {
        _service.Hangs = true;

        var e = Assert.Throws<EbbException>(() => Resolve(new AzureSettings("sub"), []));

        Assert.Contains("--resource-group", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_service_that_answers_nonsense_is_a_failure_of_the_world()
    {
        _service.Answers.Enqueue((HttpStatusCode.OK, "<html>"));

        Assert.Throws<CloudException>(() => Resolve(new AzureSettings(), []));
    }

    private AzureScope Resolve(AzureSettings given, Dictionary<string, string> environment) => _runner.Complete(
        () => AzureScope.ResolveAsync(given, environment.GetValueOrDefault, _metadata, CancellationToken.None),
        TimeSpan.FromMinutes(2));

    private sealed class Service : HttpMessageHandler
    {
        public Queue<(HttpStatusCode Status, string Body)> Answers { get; } = [];

        public List<HttpRequestMessage> Requests { get; } = [];

        public bool Hangs { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add(request);
            if (Hangs)
            {
                var never = new TaskCompletionSource();
                await never.Task.WaitAsync(cancellationToken);
            }

            var (status, body) = Answers.Dequeue();
            return ScriptedArm.Answer(status, body);
        }
    }
}
