using System.Net;
using Ebb.Joining;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Pools;
using Ebb.Tests.Joining.Lab;
using Resources = Ebb.Kubernetes.Resources;

namespace Ebb.Tests.Joining;

/// <summary>Machines that join as they should, and again, at the real server over loopback.</summary>
public sealed class JoiningTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_machine_of_a_pool_gets_what_it_needs_to_become_a_node()
    {
        await using var lab = await JoinLab.StartAsync();
        lab.Cloud.Labels = lab.Cloud.Labels.Add("disk", "fast").Add("example.k8s.io/team", "render");
        lab.Cloud.Taints = [new("gpu", "yes", Ebb.Scheduling.TaintEffect.NoSchedule)];
        var machine = lab.AddMachine(0);

        using var response = await lab.JoinAsync(machine);

        Assert.True(response.StatusCode is HttpStatusCode.OK, lab.Audit + lab.Loggers.Text);
        var answer = await JoinLab.ReadAsync(response, JoinJson.Default.JoinAnswer);
        Assert.Equal("agents000000", answer.Node);
        Assert.Equal(machine.ProviderId, answer.ProviderId);
        Assert.Equal(["https://10.1.0.10:6443"], answer.Servers);
        Assert.Equal(["gpu=yes:NoSchedule"], answer.Taints);
        Assert.Equal(
            ["disk", "ebb.dev/pool", "node.kubernetes.io/instance-type", "topology.kubernetes.io/region", "topology.kubernetes.io/zone"],
            answer.Labels.Keys.Order());
        Assert.Equal(JoinLab.StorageKey, Assert.Single(answer.Mounts).Key);
        var secret = await lab.Client.FindAsync(Resources.Secrets, "kube-system", $"bootstrap-token-{answer.Token[..6]}", Ct);
        Assert.Equal("bootstrap.kubernetes.io/token", secret?.Type);
    }

    [Fact]
    public async Task The_token_is_void_once_the_node_is_there_and_the_node_gets_the_labels_that_it_may_not_give_itself()
    {
        await using var lab = await JoinLab.StartAsync();
        lab.Cloud.Labels = lab.Cloud.Labels.Add("example.k8s.io/team", "render");
        var machine = lab.AddMachine(1);
        using var response = await lab.JoinAsync(machine);
        var answer = await JoinLab.ReadAsync(response, JoinJson.Default.JoinAnswer);

        await lab.AddNodeAsync(machine, ready: false);

        await JoinLab.UntilAsync(async () => await lab.TokenAsync(answer) is null);
        await JoinLab.UntilAsync(async () => (await lab.NodeAsync(machine))!.Metadata.Labels?.GetValueOrDefault("example.k8s.io/team") == "render");
        Assert.Equal("true", (await lab.NodeAsync(machine))!.Metadata.Labels!["node-role.kubernetes.io/agent"]);
    }

    [Fact]
    public async Task The_node_says_with_which_key_its_machine_was_told_to_mount_and_not_a_word_of_it()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(0);
        using var first = await lab.JoinAsync(machine);
        await lab.AddNodeAsync(machine, ready: true);
        await JoinLab.UntilAsync(async () => await MarkAsync() == Mount.MarkOf([JoinLab.StorageKey]));

        // It was there with its node down, and joins again with another key in force.
        await Task.Delay(TimeSpan.FromSeconds(1.2), TimeProvider.System, Ct);
        lab.SecretFile("handout.json", (await File.ReadAllTextAsync(lab.Options.HandoutFile!, Ct)).Replace(JoinLab.StorageKey, "YW5vdGhlcg==", StringComparison.Ordinal));
        await Task.Delay(TimeSpan.FromSeconds(1.2), TimeProvider.System, Ct);
        await lab.SetReadyAsync("agents000000", ready: false);
        using var again = await lab.JoinAsync(machine, fresh: false);
        var before = await MarkAsync();
        await lab.SetReadyAsync("agents000000", ready: true);

        Assert.Equal(Mount.MarkOf([JoinLab.StorageKey]), before);
        await JoinLab.UntilAsync(async () => await MarkAsync() == Mount.MarkOf(["YW5vdGhlcg=="]));
        Assert.Equal(
            AuthorityMark.Of(await File.ReadAllTextAsync(lab.Options.KubernetesAuthorityFile, Ct)), (await lab.NodeAsync(machine))!.Metadata.Annotations![Marks.Authority]);
        Assert.DoesNotContain(JoinLab.StorageKey[..8], before, StringComparison.Ordinal);

        async Task<string?> MarkAsync() => (await lab.NodeAsync(machine))!.Metadata.Annotations?.GetValueOrDefault(Marks.SharesKey);
    }

    [Fact]
    public async Task Shares_that_come_and_go_while_the_server_runs_are_handed_to_machines_that_join_from_then_on()
    {
        await using var lab = await JoinLab.StartAsync((lab, options) =>
        {
            File.Delete(options.HandoutFile!);
            return options;
        });
        using var before = await lab.JoinAsync(lab.AddMachine(0));
        lab.SecretFile("handout.json", """{"mounts":[{"kind":"cifs","host":"h","share":"srv","at":"/srv","user":"u","key":"YQ=="}]}""");
        await Task.Delay(TimeSpan.FromSeconds(1.2), TimeProvider.System, Ct);
        using var with = await lab.JoinAsync(lab.AddMachine(1));
        lab.SecretFile("handout.json", """{"mounts":[]}""");
        await Task.Delay(TimeSpan.FromSeconds(1.2), TimeProvider.System, Ct);
        using var without = await lab.JoinAsync(lab.AddMachine(2));

        Assert.Empty((await JoinLab.ReadAsync(before, JoinJson.Default.JoinAnswer)).Mounts);
        Assert.Equal("/srv", Assert.Single((await JoinLab.ReadAsync(with, JoinJson.Default.JoinAnswer)).Mounts).At);
        Assert.Empty((await JoinLab.ReadAsync(without, JoinJson.Default.JoinAnswer)).Mounts);
    }

    [Fact]
    public async Task Asking_twice_leaves_only_the_last_token_valid()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(2);
        using var one = await lab.JoinAsync(machine);
        using var two = await lab.JoinAsync(machine);

        var first = await JoinLab.ReadAsync(one, JoinJson.Default.JoinAnswer);
        var second = await JoinLab.ReadAsync(two, JoinJson.Default.JoinAnswer);

        Assert.Null(await lab.TokenAsync(first));
        Assert.NotNull(await lab.TokenAsync(second));
    }

    [Fact]
    public async Task While_its_node_is_up_a_machine_does_not_get_another_token()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(3);
        await lab.AddNodeAsync(machine, ready: true);

        using var response = await lab.JoinAsync(machine);

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        var error = await JoinLab.ReadAsync(response, JoinJson.Default.JoinError);
        Assert.Equal("joined", error.Error);
        Assert.NotNull(error.RetryAfterSeconds);
        Assert.Empty(await lab.TokensAsync());
    }

    [Fact]
    public async Task A_rebooted_machine_joins_again_as_the_node_that_it_was()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(4);
        var before = await lab.AddNodeAsync(machine, ready: false);

        using var response = await lab.JoinAsync(machine, fresh: false);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(before.Metadata.Uid, (await lab.NodeAsync(machine))!.Metadata.Uid);
    }

    [Fact]
    public async Task A_machine_that_left_in_good_order_may_join_again_before_anyone_notices_that_it_was_away()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(5);
        await lab.AddNodeAsync(machine, ready: true);
        using var left = await lab.LeaveAsync(machine, LeaveReasons.Reboot, seconds: 0);
        Assert.Equal(HttpStatusCode.OK, left.StatusCode);

        using var response = await lab.JoinAsync(machine, fresh: false);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var node = (await lab.NodeAsync(machine))!;
        Assert.DoesNotContain(node.Spec.Taints ?? [], taint => taint.Key == Marks.Leaving);
        Assert.False(node.Metadata.Annotations?.ContainsKey(Marks.Left) == true);
    }

    [Fact]
    public async Task A_reimaged_machine_finds_its_old_node_and_the_password_of_k3s_cleared_away()
    {
        await using var lab = await JoinLab.StartAsync(options => options with { Distribution = "k3s", Version = "v1.31.5+k3s1" });
        var machine = lab.AddMachine(6);
        await lab.AddNodeAsync(machine, ready: false);
        var password = new V1Secret { Metadata = new() { Name = "agents000006.node-password.k3s", Namespace = "kube-system" }, Type = "Opaque" };
        await lab.Client.CreateAsync(Resources.Secrets, password, WriteOptions.Default, Ct);

        using var response = await lab.JoinAsync(machine);

        var answer = await JoinLab.ReadAsync(response, JoinJson.Default.JoinAnswer);
        Assert.Matches("^K10[0-9a-f]{64}::[a-z0-9]{6}\\.[a-z0-9]{16}$", answer.Token);
        Assert.Null(await lab.NodeAsync(machine));
        Assert.Null(await lab.Client.FindAsync(Resources.Secrets, "kube-system", password.Metadata.Name, Ct));
    }

    [Fact]
    public async Task A_name_of_a_machine_that_is_gone_is_used_again()
    {
        await using var lab = await JoinLab.StartAsync();
        var gone = lab.AddMachine(7);
        await lab.AddNodeAsync(gone, ready: false);
        lab.Cloud.Remove(gone);
        var next = lab.AddMachine(1007) with { HostName = gone.HostName };
        lab.Cloud.Put(next);

        using var response = await lab.JoinAsync(next);

        Assert.True(response.StatusCode is HttpStatusCode.OK, lab.Audit);
        Assert.Null(await lab.NodeAsync(gone));
    }

    [Fact]
    public async Task A_name_that_another_machine_has_is_refused()
    {
        await using var lab = await JoinLab.StartAsync();
        var has = lab.AddMachine(8);
        await lab.AddNodeAsync(has, ready: false);
        var wants = lab.AddMachine(1008) with { HostName = has.HostName };
        lab.Cloud.Put(wants);

        using var response = await lab.JoinAsync(wants);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains("\"outcome\":\"name-taken\"", lab.Audit, StringComparison.Ordinal);
        Assert.NotNull(await lab.NodeAsync(has));
    }

    [Fact]
    public async Task A_machine_that_is_being_deleted_is_not_admitted()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(9, state: MachineState.Deleting);

        using var response = await lab.JoinAsync(machine);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task Where_the_cloud_cannot_be_read_nobody_is_refused_and_nobody_admitted()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(10);
        lab.Cloud.Fails = new Ebb.Clouds.CloudException("Azure is away", null);

        using var response = await lab.JoinAsync(machine);
        using var health = await lab.Http.GetAsync(JoinPaths.Health, Ct);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Empty(await lab.TokensAsync());
    }

    [Fact]
    public async Task A_release_of_k3s_without_bootstrap_tokens_gets_the_agent_token_as_it_is_now()
    {
        string path = "";
        await using var lab = await JoinLab.StartAsync((lab, options) => options with
        {
            Distribution = "k3s",
            Version = "v1.22.17+k3s1",
            AgentTokenFile = path = lab.SecretFile("agent-token", "K10aa::node:first\n"),
        });
        using var one = await lab.JoinAsync(lab.AddMachine(11));
        await File.WriteAllTextAsync(path, "K10aa::node:rotated\n", Ct);
        using var two = await lab.JoinAsync(lab.AddMachine(12));

        Assert.Equal("K10aa::node:first", (await JoinLab.ReadAsync(one, JoinJson.Default.JoinAnswer)).Token);
        Assert.Equal("K10aa::node:rotated", (await JoinLab.ReadAsync(two, JoinJson.Default.JoinAnswer)).Token);
    }

    [Fact]
    public async Task Joins_and_refusals_are_told_as_Events()
    {
        await using var lab = await JoinLab.StartAsync();
        using var admitted = await lab.JoinAsync(lab.AddMachine(13));
        var stranger = lab.AddMachine(14);
        lab.Cloud.Remove(stranger);
        using var refused = await lab.JoinAsync(stranger);

        await JoinLab.UntilAsync(async () => (await lab.EventsAsync()).Contains("Refused"));
        Assert.Contains("Admitted", await lab.EventsAsync());
    }
}
