using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Clouds.Azure;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Sandbox;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Azure.Access;
using Ebb.Sandbox.Cloud;
using Ebb.Simulation;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>A subscription of the sandbox's Azure in this process, on virtual time, and a cluster's file to make of it.</summary>
internal sealed class CloudCase : IDisposable
{
    public const string Starter = """
        name: farm
        cloud:
          provider: azure
          region: eastus
          endpoint: sandbox
        pools:
          - name: agents
            size: Standard_D4s_v5
            priority: spot
            min: 1
            max: 10
        """;

    private static readonly Lazy<string> Authority = new(() =>
    {
        using var authority = CertificateAuthority.Create("farm-join", Ebb.Cli.ControlPlane.Pki.Keys.Create(KeyAlgorithm.Ecdsa), TimeProvider.System);
        return authority.BundlePem;
    });

    private readonly Runner _runner = new(new VirtualTime());
    private readonly AzureFace _face;

    /// <param name="face">With an application: whoever sends here is signed in as that; without, everything is allowed.</param>
    public CloudCase(Ebb.Sandbox.Cloud.CloudOptions? options = null, AzureFaceOptions? face = null)
    {
        face ??= new AzureFaceOptions();
        World = new CloudWorld(new Agenda(_runner.Time), options ?? new Ebb.Sandbox.Cloud.CloudOptions());
        _face = new AzureFace(World, face with { Authenticate = !face.Apps.IsEmpty });
        Wire = new Wire(new InProcessHandler(_face));
        var http = new HttpMessageInvoker(Wire);
        var token = face.Apps.IsEmpty ? "t" : SignIn(face.Apps[0]);
        Cloud = CloudAccess.Over(
            new ArmConnection(
                new Uri("https://arm.sandbox/"),
                World.Options.SubscriptionId,
                http,
                _ => ValueTask.FromResult(new AccessToken(token, DateTimeOffset.MaxValue)),
                _runner.Time,
                new Random(1)),
            http);
    }

    public CloudWorld World { get; }

    public Wire Wire { get; }

    public CloudAccess Cloud { get; }

    /// <summary>Gives the application that sends here a built-in role, by its name.</summary>
    /// <param name="scope">Within the subscription: empty for all of it.</param>
    public void Give(string role, string scope, string app) => RoleAssignments.Grant(
        _face.Resources,
        $"/subscriptions/{World.Options.SubscriptionId}{scope}",
        BuiltInRoles.All.Single(r => r.Name == role).Id,
        Principals.PrincipalOf(app));

    public VirtualTime Time => _runner.Time;

    /// <summary>To the cloud beside the wire: what machines say is no part of what a command sends.</summary>
    public HttpMessageInvoker Aside() => new(new InProcessHandler(_face));

    public List<ProvisionEvent> Told { get; } = [];

    public static ClusterFile File(string yaml = Starter) => ClusterFileReader.Parse(yaml, "ebb.yaml", _ => null);

    public T Do<T>(Func<Task<T>> what) => _runner.Complete(what, TimeSpan.FromDays(1));

    public void Do(Func<Task> what) => _runner.Complete(what, TimeSpan.FromDays(1));

    /// <summary>Goes on beside whatever is done here.</summary>
    public void Begin(Func<Task> what) => _runner.Start(what);

    public PreflightReport Check(string yaml = Starter) => Do(async () =>
    {
        var file = File(yaml);
        var place = await ClusterPlace.LookAsync(file, Cloud.Groups, Cloud.Deployments, CancellationToken.None);
        var names = new ResourceNames(file, Cloud.Arm.Subscription);
        return await new Preflight(Cloud.Facts, file, GlobalNames.Of(file, names), place).CheckAsync(CancellationToken.None);
    });

    public ClusterPlan Plan(string yaml = Starter) => Do(() => new ClusterPlanner(File(yaml), Cloud).PlanAsync(Inputs, CancellationToken.None));

    public Deployment Up(string yaml = Starter) => UpUntil(yaml, CancellationToken.None);

    public Deployment UpUntil(string yaml, CancellationToken ct) => Do(() => UpAsync(yaml, ct));

    public async Task<Deployment> UpAsync(string yaml, CancellationToken ct)
    {
        var planner = new ClusterPlanner(File(yaml), Cloud);
        var plan = await planner.PlanAsync(Inputs, ct);
        if (plan.Preflight.ToRegister is { IsEmpty: false } missing)
        {
            plan = await new Registration(Cloud.Facts, Time, new Random(1), Told.Add).CompleteAsync(missing, again => planner.PlanAsync(Inputs, again), ct);
        }

        return await new ClusterUp(Cloud, Time, new Random(1), Told.Add).ApplyAsync(plan, Files, ct);
    }

    public void Down(DownScope scope = DownScope.All, bool force = false) => Do(async () =>
    {
        var down = new ClusterDown(File(), Cloud, Told.Add, Time);
        await down.ApplyAsync(await down.PlanAsync(scope, force, CancellationToken.None), CancellationToken.None);
    });

    public static IReadOnlyList<ShareFile> Files =>
        [ShareFile.OfText("k3s/token", "t"), ShareFile.OfText("k3s/tls/server-ca.crt", "certificate"), ShareFile.OfText("join/ca.crt", "authority")];

    public static RenderInputs Inputs => new()
    {
        SubscriptionId = "",
        OwnAddresses = [IPNetwork.Parse("203.0.113.7/32")],
        SshPublicKeys = ["ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ== test"],
        JoinAuthorityPem = Authority.Value,
        AgentHashes = ImmutableSortedDictionary<string, string>.Empty.Add("amd64", new string('a', 64)).Add("arm64", new string('b', 64)),
        EbbHash = new string('c', 64),
    };

    private string SignIn(AppRegistration app) => Do(async () =>
    {
        using var http = new HttpMessageInvoker(new InProcessHandler(_face));
        using var content = new FormUrlEncodedContent(
        [
            new("grant_type", "client_credentials"), new("client_id", app.ClientId), new("client_secret", app.Secret), new("scope", "https://management.azure.com/.default"),
        ]);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"https://arm.sandbox/{World.Options.TenantId}/oauth2/v2.0/token") { Content = content };
        using var response = await http.SendAsync(request, CancellationToken.None);
        return (string)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["access_token"]!;
    });

    public void Dispose()
    {
        Cloud.Dispose();
        _face.Dispose();
    }
}

/// <summary>The wire to the cloud: keeps what went over it, and answers instead of the cloud where a test says so.</summary>
internal sealed class Wire(HttpMessageHandler cloud) : DelegatingHandler(cloud)
{
    private readonly List<(string Part, HttpStatusCode Status, string Body)> _script = [];
    private readonly List<(Func<string, bool> Which, HttpStatusCode Status, string Body, int RetryAfter)> _once = [];

    /// <summary>Method and path with query, each.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Is told before each request is carried out.</summary>
    public Action<HttpRequestMessage>? Before { get; set; }

    /// <summary>Is told after each request was carried out, with how many there were; may throw.</summary>
    public Action<int, HttpRequestMessage>? After { get; set; }

    public IEnumerable<string> Writes => Calls.Where(call => call.StartsWith("PUT ", StringComparison.Ordinal) || call.StartsWith("DELETE ", StringComparison.Ordinal));

    /// <summary>Whatever has this in method and address is answered so, always.</summary>
    public void Answer(string part, HttpStatusCode status, string body) => _script.Add((part, status, body));

    /// <summary>The next request of these is answered so, and nothing is done.</summary>
    public void Once(Func<string, bool> which, HttpStatusCode status, string body, int retryAfter = 0) => _once.Add((which, status, body, retryAfter));

    /// <summary>Method and path, and of the query what tells one request from another on the same path: a file's making from the writing of its content.</summary>
    public static string KindOf(string call)
    {
        var parts = call.Split('?', 2);
        var meant = parts.Skip(1).SelectMany(query => query.Split('&'))
            .Where(part => part.StartsWith("comp=", StringComparison.Ordinal) || part.StartsWith("restype=", StringComparison.Ordinal)).ToList();
        return meant.Count == 0 ? parts[0] : $"{parts[0]}?{string.Join('&', meant)}";
    }

    public static string Name(HttpRequestMessage request) => $"{request.Method} {Uri.UnescapeDataString(request.RequestUri!.PathAndQuery)}";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = Name(request);
        Calls.Add(call);
        Before?.Invoke(request);
        if (_once.FindIndex(o => o.Which(call)) is >= 0 and var at)
        {
            var (_, status, body, retryAfter) = _once[at];
            _once.RemoveAt(at);
            var answer = new HttpResponseMessage(status) { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
            if (retryAfter > 0)
            {
                answer.Headers.TryAddWithoutValidation("Retry-After", $"{retryAfter}");
            }

            return answer;
        }

        foreach (var (part, status, body) in _script)
        {
            if (call.Contains(part, StringComparison.OrdinalIgnoreCase))
            {
                return new HttpResponseMessage(status) { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
            }
        }

        var response = await base.SendAsync(request, cancellationToken);
        After?.Invoke(Calls.Count, request);
        return response;
    }
}
