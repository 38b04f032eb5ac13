using System.Collections.Immutable;
using System.Diagnostics;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.ControlPlane.Supervising;
using Ebb.SystemTests.Commands;
using Ebb.SystemTests.Kubectl;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>A real control plane that is hurt in every way, and comes back with all it had.</summary>
public sealed class HostedControlPlaneTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("ebb-plane-").FullName;
    private HostedControlPlane? _plane;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_component_that_is_ended_is_started_again_and_nothing_is_lost()
    {
        var plane = _plane = await RealParts.StartAsync(_directory, Ct);
        await KubectlAsync("create", "configmap", "kept", "--from-literal=a=1");

        foreach (var name in new[] { "etcd", KubeApiServer.Name, KubeControllers.Name, KubeScheduler.Name })
        {
            // The controller manager ends by itself when it loses the API server, so there may be a restart more.
            var before = State(plane, name);
            End(before.ProcessId);
            await Shell.UntilAsync(
                $"{name} is back", Soon, () => Task.FromResult(State(plane, name) is { Condition: Condition.Healthy } now && now.Restarts > before.Restarts));
        }

        await Shell.UntilAsync("all work", Soon, () => Task.FromResult(plane.Components.All(c => c.Condition is Condition.Healthy)));
        Assert.Equal("1", await KubectlAsync("get", "configmap", "kept", "-o", "jsonpath={.data.a}"));
    }

    [Fact]
    public async Task Of_three_members_one_may_fail()
    {
        var plane = _plane = await RealParts.StartAsync(_directory, Ct, members: 3);
        await KubectlAsync("create", "configmap", "kept", "--from-literal=a=1");
        var leader = State(plane, "etcd-1");
        Assert.Equal(3, plane.Components.Count(component => component.Name.StartsWith("etcd", StringComparison.Ordinal)));

        End(leader.ProcessId);

        // What was on its way to a leader that is gone may time out, with or without effect, as the store says itself: then it is asked again.
        await Shell.UntilAsync("it can be written to", Soon, async () =>
            await TryKubectlAsync("create", "configmap", "meanwhile", "--request-timeout=30s") is var (code, _, error)
            && (code == 0 || error.Contains("AlreadyExists", StringComparison.Ordinal)));
        await Shell.UntilAsync("the member is back", Soon, () => Task.FromResult(State(plane, "etcd-1") is { Condition: Condition.Healthy, Restarts: > 0 }));
        Assert.Equal("1", await KubectlAsync("get", "configmap", "kept", "-o", "jsonpath={.data.a}"));
        await KubectlAsync("get", "configmap", "meanwhile");
    }

    [Fact]
    public async Task A_component_that_cannot_start_says_why()
    {
        var flags = ImmutableDictionary<string, ImmutableArray<string>>.Empty.Add("etcd", ["--no-such-flag"]);

        var e = await Assert.ThrowsAsync<IOException>(() => RealParts.StartAsync(_directory, Ct, extraFlags: flags));

        Assert.StartsWith("etcd cannot start: it ended with exit code", e.Message, StringComparison.Ordinal);
        Assert.Contains("no-such-flag", e.Message, StringComparison.Ordinal);
        Assert.Empty(Leftovers.Find(new ControlPlaneDirectory(_directory).Marks));
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_plane is not null)
        {
            await _plane.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private static ComponentState State(HostedControlPlane plane, string name) => plane.Components.Single(c => c.Name == name);

    private static void End(int? process)
    {
        Assert.NotNull(process);
        using var found = Process.GetProcessById(process.Value);
        found.Kill();
    }

    private Task<string> KubectlAsync(params string[] arguments) => Client().RunAsync(arguments);

    private Task<(int Code, string Output, string Error)> TryKubectlAsync(params string[] arguments) => Client().TryAsync(arguments);

    private KubectlBinary Client()
    {
        Assert.SkipWhen(Shell.KubectlPath is null, "kubectl is not installed");
        return new KubectlBinary(Shell.KubectlPath!, _directory, _plane!.AdminKubeconfig);
    }
}
