using System.Security.Cryptography;
using Ebb.Cli.Definition;
using Ebb.Cli.Sandboxes;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>The way to the subscription that a cluster lives in, or is to live in.</summary>
internal sealed class CloudAccess : IDisposable
{
    private static readonly Uri PublicAzure = new("https://management.azure.com/");

    private readonly HttpClient? _tokens;

    private CloudAccess(ArmConnection arm, HttpMessageInvoker http, HttpClient? tokens, AzureAccess? given)
    {
        (Arm, Http, _tokens, Given) = (arm, http, tokens, given);
    }

    public ArmConnection Arm { get; }

    /// <summary>To the cloud, trusting what is to be trusted there.</summary>
    public HttpMessageInvoker Http { get; }

    /// <summary>How a client proves itself, where that is not up to the user's own login.</summary>
    public AzureAccess? Given { get; }

    public SubscriptionFacts Facts => new(Arm);

    public ResourceGroups Groups => new(Arm);

    public TemplateDeployments Deployments => new(Arm);

    public StorageAccounts Accounts => new(Arm);

    public VirtualMachines Machines => new(Arm);

    public NetworkInterfaces Interfaces => new(Arm);

    public ScaleSetMachines ScaleSets => new(Arm);

    /// <summary>Finds the subscription, as the user's login sees it.</summary>
    /// <param name="given">A subscription with its credential; null for whatever the user is signed in with.</param>
    /// <exception cref="EbbException">There is no credential, or no subscription to choose.</exception>
    public static async Task<CloudAccess> OpenAsync(ClusterFile file, AzureAccess? given, TimeProvider time, CancellationToken ct)
    {
        var endpoint = given is not null ? new Uri(given.Endpoint) : file.Cloud.Endpoint is { } named ? new Uri(named) : PublicAzure;
        var http = new HttpMessageInvoker(AzureHttp.Handler(given?.AuthorityFile));
        var tokenHttp = given is null ? null : new HttpClient(AzureHttp.Handler(given.AuthorityFile));
        try
        {
            var tokens = AzureTokens.Source(given?.Client, endpoint, tokenHttp, file.Cloud.Tenant);
            var random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
            var subscription = given?.Subscription;
            if (subscription is null)
            {
                var looking = new SubscriptionFacts(new ArmConnection(endpoint, "", http, tokens, time, random));
                subscription = SubscriptionChoice.Choose(
                    file.Cloud.Subscription, Environment.GetEnvironmentVariable, await looking.SubscriptionsAsync(ct)).Id;
            }

            return new CloudAccess(new ArmConnection(endpoint, subscription, http, tokens, time, random), http, tokenHttp, given);
        }
        catch
        {
            http.Dispose();
            tokenHttp?.Dispose();
            throw;
        }
    }

    /// <summary>Over a transport that is the caller's, as its tests have one.</summary>
    public static CloudAccess Over(ArmConnection arm, HttpMessageInvoker http) => new(arm, http, null, null);

    public void Dispose()
    {
        Http.Dispose();
        _tokens?.Dispose();
    }
}
