using System.Net;
using System.Text.Json;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Sandboxes.Subscription;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Cloud;
using Ebb.SystemTests.Commands;
using Ebb.SystemTests.Provisioning;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.SystemTests.Following;

/// <summary>
/// A subscription whose control-plane machines are born by the program that they are told, and follow by it; nothing acts that out. It asks
/// the machine's metadata and the resource manager for its keys, and the file service for its orders, at the addresses that it has in Azure.
/// </summary>
internal sealed class FollowedCluster : IAsyncDisposable
{
    // Machines look every second and a half, and wait for a tenth of what they would.
    private const string Speed = "10";

    private readonly string _directory = Directory.CreateTempSubdirectory("ebb-follow-").FullName;
    private readonly Dictionary<string, FollowedMachine> _machines = [];
    private readonly Dictionary<string, int> _ways = [];
    private readonly Dictionary<string, WebApplication> _servers = [];
    private readonly List<IAsyncDisposable> _metadata = [];
    private LocalSubscription? _subscription;

    public CloudWorld Cloud => Subscription.Cloud;

    public IControlPlaneCluster Kubernetes { get; private set; } = null!;

    public ControlPlaneGround Ground { get; private set; } = null!;

    /// <summary>The environment of machines' programs.</summary>
    public IReadOnlyDictionary<string, string> Surroundings { get; private set; } = new Dictionary<string, string>();

    private LocalSubscription Subscription => _subscription ?? throw new InvalidOperationException("The cluster was not begun.");

    private string Shared => Path.Combine(_directory, "shared");

    public static async Task<FollowedCluster> BeginAsync(string name)
    {
        var cluster = new FollowedCluster();
        try
        {
            await cluster.BeginSubscriptionAsync(name);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Signs a user in, as to a subscription of their own.</summary>
    public void SignIn(Shell shell)
    {
        var access = Subscription.Owned.Access;
        var programs = Directory.CreateDirectory(Path.Combine(_directory, "programs")).FullName;
        foreach (var program in new[] { "ebb", "ebb-agent-amd64" })
        {
            File.WriteAllText(Path.Combine(programs, program), $"#!/bin/sh\n# {program}\n");
        }

        foreach (var (name, value) in new[]
        {
            ("AZURE_TENANT_ID", access.Client.Tenant), ("AZURE_CLIENT_ID", access.Client.Id), ("AZURE_CLIENT_SECRET", access.Client.Secret),
            ("AZURE_AUTHORITY_HOST", access.Endpoint), ("SSL_CERT_FILE", access.AuthorityFile), ("EBB_PROGRAMS", programs),
        })
        {
            shell.Environment[name] = value;
        }
    }

    public string Endpoint => Subscription.Owned.Access.Endpoint;

    public FollowedMachine this[string name]
    {
        get
        {
            lock (_machines)
            {
                return _machines[name];
            }
        }
    }

    /// <summary>The lines of a file that the stand-ins of all machines write to: 'started' or 'exchanged', each with the machine.</summary>
    public string[] Noted(string file) => File.Exists(Path.Combine(Shared, file)) ? File.ReadAllLines(Path.Combine(Shared, file)) : [];

    /// <summary>Has the machine's k3s answer those that look for others; it proves itself by the cluster's authority.</summary>
    public async Task AnswerAsync(Instance machine, KubernetesAuthorities authorities, CancellationToken ct)
    {
        if (_servers.ContainsKey(machine.Name))
        {
            return;
        }

        using var authority = Authority.Load(await File.ReadAllTextAsync(authorities.ServerCertificate, ct), await File.ReadAllTextAsync(authorities.Of("server-ca.key"), ct), TimeProvider.System);
        var certificate = authority.IssueServer("k3s", [], [IPAddress.Parse(machine.Address)]);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var app = builder.Build();
        app.Run(http => http.Response.WriteAsync("pong"));
        await app.StartAsync(ct);
        lock (_ways)
        {
            _servers[machine.Name] = app;
        }

        Lead($"{machine.Address}:{ResourceNames.ApiPort}", app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var machine in _machines.Values)
        {
            await machine.DisposeAsync();
        }

        foreach (var server in _servers.Values)
        {
            await server.DisposeAsync();
        }

        foreach (var listener in _metadata)
        {
            await listener.DisposeAsync();
        }

        if (Kubernetes is not null)
        {
            await Kubernetes.DisposeAsync();
        }

        if (_subscription is not null)
        {
            await _subscription.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private async Task BeginSubscriptionAsync(string name)
    {
        Directory.CreateDirectory(Shared);
        _subscription = await LocalSubscription.BeginAsync(name, _directory, speed: 20);
        Ground = new ControlPlaneGround(Subscription.Owned);
        Kubernetes = new ControlPlaneCluster(Subscription.Owned, Ground, TimeProvider.System, NullLoggerFactory.Instance);
        var installer = await File.ReadAllTextAsync(Path.Combine(Shell.Root, "tests/Ebb.SystemTests/Following/Machine/k3s-install.sh"));
        var port = await _subscription.ServeNamesAsync(
            ["get.k3s.io", "*.file.core.windows.net"],
            http => http.Request.Host.Host == "get.k3s.io" ? http.Response.WriteAsync(installer) : Subscription.Owned.Face.HandleAsync(http));
        Lead("*:443", $"https://127.0.0.1:{port}");
        Surroundings = new Dictionary<string, string>
        {
            ["EBB_CLUSTER"] = Shared,
            ["EBB_SPEED"] = Speed,
            ["SSL_CERT_FILE"] = Subscription.Owned.Access.AuthorityFile,
        };
        lock (Cloud.Agenda.Gate)
        {
            Cloud.InstanceChanged += See;
        }
    }

    // Called under the gate.
    private void See(InstanceChange change)
    {
        if (change.Event is InstanceEvent.Booted && change.Instance.Standalone && Cloud.Find(change.Instance.Group, change.Instance.Set) is { } set && ControlPlanes.IsControlPlane(set))
        {
            lock (_machines)
            {
                _machines.Add(change.Instance.Name, new FollowedMachine(change.Instance, set.CustomDataOf(change.Instance), Path.Combine(Ground.Directory, change.Instance.Name), this));
            }
        }
    }

    /// <summary>Serves what the machine finds at 169.254.169.254.</summary>
    public async Task ServeMetadataAsync(Instance machine, CancellationToken ct)
    {
        var (address, listener) = await AzureHost.ServeMachineAsync(Subscription.Owned.Face, machine.Group, machine.Set, machine.Id, 0, ct);
        lock (_metadata)
        {
            _metadata.Add(listener);
        }

        Lead($"{machine.Name}>169.254.169.254:80", address.ToString());
    }

    private void Lead(string from, string to)
    {
        lock (_ways)
        {
            _ways[from] = new Uri(to).Port;
            File.WriteAllText(Path.Combine(Shared, "ways.next"), JsonSerializer.Serialize(_ways));
            File.Move(Path.Combine(Shared, "ways.next"), Path.Combine(Shared, "ways.json"), overwrite: true);
        }
    }
}
