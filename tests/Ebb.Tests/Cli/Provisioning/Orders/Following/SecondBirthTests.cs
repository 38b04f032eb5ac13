using System.Net;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Sandbox.Certificates;
using Ebb.Tests.Cli.Provisioning.Rendered;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Ebb.Tests.Cli.Provisioning.Orders.Following;

/// <summary>The first machine of three is made anew, and finds no other that answers.</summary>
public sealed class SecondBirthTests(MachineCloud cloud) : IClassFixture<MachineCloud>
{
    private static readonly TimeSpan LongAgo = TimeSpan.FromHours(1);

    [Fact]
    public async Task Where_a_cluster_has_begun_before_it_waits_for_the_others_and_says_so()
    {
        using var machine = await MachineAsync();
        await cloud.PutFileAsync(SystemShare.Begun, """{"machine": "farm-control-plane-0", "at": "2026-01-01T00:00:00Z"}""");
        await OthersAsync(store: true, TimeSpan.Zero);

        using var birth = machine.Birth();
        var state = await machine.UntilAsync(found => found.Why is not null);

        Assert.Equal((ControlPlanePhase.Working, false), (state.Phase, state.Store));
        Assert.Equal("waits for 10.1.0.11, 10.1.0.12 to answer, to join the cluster that has begun there", state.Why);
        Assert.False(File.Exists(machine.Lab.At("/etc/rancher/k3s/config.yaml.d/10-machine.yaml")));
    }

    [Fact]
    public async Task What_others_said_long_ago_lets_no_second_cluster_begin()
    {
        using var machine = await MachineAsync();
        await cloud.PutFileAsync(SystemShare.Begun, "{}");
        await OthersAsync(store: false, LongAgo);

        using var birth = machine.Birth();
        await machine.UntilAsync(found => found.Why is not null);

        Assert.False(File.Exists(machine.Lab.At("/etc/rancher/k3s/config.yaml.d/10-machine.yaml")));
    }

    [Fact]
    public async Task Where_every_machine_is_new_the_cluster_is_gone_and_another_begins()
    {
        using var machine = await MachineAsync();
        await cloud.PutFileAsync(SystemShare.Begun, "{}");
        await OthersAsync(store: false, TimeSpan.Zero);

        await machine.BeBornAsync();

        Assert.Contains("cluster-init: true", machine.Lab.Read("/etc/rancher/k3s/config.yaml.d/10-machine.yaml"));
    }

    [Fact]
    public async Task It_joins_those_that_answer_and_runs_the_release_that_they_run()
    {
        await using var other = await OtherServer.StartAsync();
        using var machine = await MachineAsync(cloud.Cluster with { Kubernetes = cloud.Cluster.Kubernetes with { Version = null } });
        await OthersAsync(store: true, LongAgo, "v1.30.9+k3s1");
        machine.Lab.Edit("/etc/ebb/control-plane.json", configuration => configuration["addresses"]!.AsArray()[1] = "127.0.0.1");
        machine.Lab.Write(OrderedMachine.Program, Asking(other, machine.Lab.Read(OrderedMachine.Program)), "0755");
        await cloud.PutFileAsync(SystemShare.Pki + "server-ca.crt", other.AuthorityPem);

        await machine.BeBornAsync();

        Assert.Contains("server: https://127.0.0.1:6443", machine.Lab.Read("/etc/rancher/k3s/config.yaml.d/10-machine.yaml"));
        Assert.Contains("  INSTALL_K3S_VERSION=v1.30.9+k3s1", machine.Ran);
        Assert.DoesNotContain(machine.Ran, line => line.Contains("INSTALL_K3S_CHANNEL", StringComparison.Ordinal));
        await cloud.PutFileAsync(SystemShare.Pki + "server-ca.crt", RenderLab.AuthorityPem);
    }

    [Fact]
    public async Task One_that_joins_puts_the_authorities_into_the_store_that_it_was_to_put_there_and_those_on_its_disk_are_no_hindrance()
    {
        await using var other = await OtherServer.StartAsync();
        using var machine = await MachineAsync();
        await OthersAsync(store: true, LongAgo);
        await cloud.PutFileAsync(SystemShare.Pki + "server-ca.crt", other.AuthorityPem);
        machine.Changed = text => Asking(other, text);
        var rotation = K3sRotations.Of(new KeyState { K3s = new K3sOrder("authorities-1-offer", ClusterAuthorities.What) { Phase = ClusterAuthorities.Offered } }, cloud.Names);
        var orders = machine.Orders(rotation: rotation);
        orders.Configuration["addresses"]!.AsArray()[1] = "127.0.0.1";
        await machine.OrderAsync(orders, machine: "nobody");

        await machine.BeBornAsync();

        // k3s does not start where newer files differ from what its cluster has.
        Assert.True(File.GetLastWriteTimeUtc(machine.Lab.At("/var/lib/rancher/k3s/server/tls/server-ca.crt")).Year < 1980);
        Assert.Equal(ControlPlanePhase.Done, (await cloud.StateAsync(0))!.Phase);
        Assert.Equal(
            ["systemctl start --no-block k3s.service", $"k3s certificate rotate-ca --path {SystemShare.Staged}", "systemctl restart k3s.service"],
            machine.Ran.Where(line => line.Contains("certificate", StringComparison.Ordinal) || line.EndsWith("k3s.service", StringComparison.Ordinal)).Except(["systemctl enable k3s.service"]));
        await cloud.PutFileAsync(SystemShare.Pki + "server-ca.crt", RenderLab.AuthorityPem);
    }

    [Fact]
    public async Task A_cluster_that_begins_has_the_authorities_already_that_others_are_to_put_into_their_store()
    {
        using var machine = await MachineAsync();
        var rotation = K3sRotations.Of(new KeyState { K3s = new K3sOrder("authorities-1-offer", ClusterAuthorities.What) { Phase = ClusterAuthorities.Offered } }, cloud.Names);
        await machine.OrderAsync(machine.Orders(rotation: rotation), machine: "nobody");

        await machine.BeBornAsync();

        Assert.Equal(ControlPlanePhase.Done, (await cloud.StateAsync(0))!.Phase);
        Assert.DoesNotContain(machine.Ran, line => line.Contains("certificate", StringComparison.Ordinal));
    }

    private async Task<OrderedMachine> MachineAsync(ClusterFile? cluster = null)
    {
        MachineLab.Require();
        await cloud.TidyAsync();
        return new OrderedMachine(cloud, cluster);
    }

    /// <summary>The program that finds this server where k3s would be, and has the patience for it that is taken from it elsewhere.</summary>
    private static string Asking(OtherServer other, string program)
    {
        foreach (var (from, to) in new[] { (":6443/ping", $":{other.Port}/ping"), ("timeout=0.05)", "timeout=2)"), ("LOOK_FOR_OTHERS = -1", "LOOK_FOR_OTHERS = 60") })
        {
            Assert.Contains(from, program);
            program = program.Replace(from, to, StringComparison.Ordinal);
        }

        return program;
    }

    private async Task OthersAsync(bool store, TimeSpan ago, string release = "")
    {
        foreach (var index in new[] { 1, 2 })
        {
            var name = cloud.Names.ControlPlaneMachine(index);
            var state = new ControlPlaneState
            {
                Machine = name,
                Generation = "",
                Attempt = 0,
                Phase = ControlPlanePhase.Working,
                Release = release,
                Ebb = "",
                Store = store,
                At = TimeProvider.System.GetUtcNow() - ago,
            };
            await cloud.PutFileAsync(SystemShare.State(name), System.Text.Encoding.UTF8.GetString(state.ToBytes()));
        }
    }

    /// <summary>A server of k3s as far as those that look for one ask it.</summary>
    private sealed class OtherServer(WebApplication app, Authority authority) : IAsyncDisposable
    {
        public string AuthorityPem => authority.CertificatePem;

        public int Port => new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;

        public static async Task<OtherServer> StartAsync()
        {
            var authority = Authority.Create("k3s-server-ca", TimeProvider.System);
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
                kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(authority.IssueServer("k3s", [], []))));
            var app = builder.Build();
            app.Run(http => http.Request.Path == "/ping" ? http.Response.WriteAsync("pong") : Task.CompletedTask);
            await app.StartAsync(TestContext.Current.CancellationToken);
            return new OtherServer(app, authority);
        }

        public async ValueTask DisposeAsync()
        {
            await app.DisposeAsync();
            authority.Dispose();
        }
    }
}
