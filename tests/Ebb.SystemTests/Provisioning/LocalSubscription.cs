using System.Net;
using Ebb.Cli.Clusters;
using Ebb.Cli.Sandboxes;
using Ebb.Cli.Sandboxes.Subscription;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Sandbox;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Cloud;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Ebb.SystemTests.Provisioning;

/// <summary>An Azure in this process with one subscription, empty at first, in which nobody acts machines out.</summary>
internal sealed class LocalSubscription : IAsyncDisposable
{
    private readonly List<Func<ValueTask>> _ends = [];

    private LocalSubscription(string name, string directory, double speed)
    {
        Home = SandboxHome.At(name, Path.Combine(directory, "cloud"));
        var agenda = new Agenda(TimeProvider.System);
        End(agenda);
        Cloud = new CloudWorld(agenda, SubscriptionWorld.Options(name, new SubscriptionSettings { Speed = speed }));
        Authority = Authority.Create(name, TimeProvider.System);
        End(Authority);
    }

    public CloudWorld Cloud { get; }

    /// <summary>Whose certificates all that this serves has.</summary>
    public Authority Authority { get; }

    public SandboxSubscription Owned { get; private set; } = null!;

    private SandboxHome Home { get; }

    /// <param name="directory">Of the caller, who removes it.</param>
    /// <param name="speed">How many times faster than usual machines come and go.</param>
    public static async Task<LocalSubscription> BeginAsync(string name, string directory, double speed)
    {
        var subscription = new LocalSubscription(name, directory, speed);
        try
        {
            await subscription.ServeAsync();
            return subscription;
        }
        catch
        {
            await subscription.DisposeAsync();
            throw;
        }
    }

    /// <summary>Serves the same under names of the world outside.</summary>
    /// <returns>The port of this machine that whoever wants one of these names is to be led to.</returns>
    public async Task<int> ServeNamesAsync(IEnumerable<string> names, RequestDelegate handle)
    {
        var certificate = Authority.IssueServer("front", names, []);
        End(certificate);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var app = builder.Build();
        _ends.Add(app.DisposeAsync);
        app.Run(handle);
        await app.StartAsync();
        return new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
    }

    public async ValueTask DisposeAsync()
    {
        for (var i = _ends.Count - 1; i >= 0; i--)
        {
            await _ends[i]();
        }
    }

    private async Task ServeAsync()
    {
        Home.Create();
        var client = new AzureClient(Cloud.Options.TenantId, Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        var face = new AzureFace(Cloud, new AzureFaceOptions { Apps = [new AppRegistration(client.Id, client.Secret)] });
        End(face);
        var host = await AzureHost.StartAsync(face, Authority, 0, 0, CancellationToken.None);
        _ends.Add(host.DisposeAsync);
        Home.WriteAuthority(Authority.CertificatePem);
        var access = new AzureAccess
        {
            Subscription = Cloud.Options.SubscriptionId,
            ResourceGroup = "",
            Endpoint = host.Https.ToString(),
            AuthorityFile = Home.Authority,
            Client = client,
        };
        var http = new HttpMessageInvoker(AzureHttp.Handler(Home.Authority));
        End(http);
        var tokens = new HttpClient(AzureHttp.Handler(Home.Authority));
        End(tokens);
        var arm = new ArmConnection(host.Https, access.Subscription, http, AzureTokens.Source(client, host.Https, tokens), TimeProvider.System, new Random(1));
        Owned = new SandboxSubscription(Home, access, face, host, arm);
    }

    private void End(IDisposable held) => _ends.Add(() =>
    {
        held.Dispose();
        return ValueTask.CompletedTask;
    });
}
