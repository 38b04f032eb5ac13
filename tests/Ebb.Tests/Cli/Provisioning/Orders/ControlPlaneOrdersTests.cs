using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Cli.Clusters;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Tests.Cli.Provisioning.Rendered;

namespace Ebb.Tests.Cli.Provisioning.Orders;

public class ControlPlaneOrdersTests
{
    // Why orders have no text of it: they have it as their configuration.
    private static readonly string[] Exceptions = ["/etc/ebb/control-plane.json"];

    [Theory]
    [InlineData("minimal")]
    [InlineData("typical")]
    [InlineData("full")]
    [InlineData("air-gapped")]
    public void Every_file_that_first_boot_writes_is_in_the_orders_with_content_and_mode(string sample)
    {
        var (cluster, inputs) = RenderLab.Of(sample);

        var orders = Some.Orders(cluster, inputs);

        var born = Renderer.Render(cluster, inputs).CloudConfigs[ResourceNames.ControlPlaneRole];
        var written = JsonSerializer.SerializeToNode(Yaml.ToJson(born))!["write_files"]!.AsArray()
            .Where(file => !Exceptions.Contains((string)file!["path"]!))
            .Select(file => ((string)file!["path"]!, (string?)file["permissions"] ?? "0644", (string)file["content"]!));
        Assert.Equal(written, orders.Texts.Select(text => (text.To, text.Mode, text.Content)));
    }

    [Fact]
    public void The_configuration_is_that_of_first_boot_with_every_hash_and_the_release_that_runs()
    {
        var (cluster, inputs) = RenderLab.Of("typical");

        var orders = Some.Orders(cluster, inputs, "v1.30.9+k3s1");

        Assert.Equal("v1.30.9+k3s1", orders.Release);
        Assert.Equal("v1.30.9+k3s1", (string?)orders.Configuration["k3s"]!["environment"]!["INSTALL_K3S_VERSION"]);
        Assert.All(orders.Files, file => Assert.Equal(64, file.Sha256.Length));
        Assert.Equal(["ebb"], orders.Files.Single(file => file.From == SystemShare.Ebb).Restarts);
        Assert.True(orders.Files.Single(file => file.From == SystemShare.Pki + "server-ca.key").Once);
        var born = JsonNode.Parse(JsonSerializer.SerializeToNode(Yaml.ToJson(Renderer.Render(cluster, inputs).CloudConfigs["control-plane"]))!["write_files"]!
            .AsArray().Single(file => (string)file!["path"]! == Exceptions[0])!["content"]!.GetValue<string>())!.AsObject();
        Assert.Equal(born.Select(member => member.Key), orders.Configuration.Select(member => member.Key));
    }

    [Fact]
    public void Without_a_release_in_the_file_and_without_one_that_runs_the_channel_decides()
    {
        var (cluster, inputs) = RenderLab.Of("minimal");

        var orders = Some.Orders(cluster, inputs);

        Assert.Null(orders.Release);
        Assert.Equal("stable", (string?)orders.Configuration["k3s"]!["environment"]!["INSTALL_K3S_CHANNEL"]);
    }

    [Fact]
    public void The_generation_is_the_same_for_the_same_wish_and_another_for_another()
    {
        var (cluster, inputs) = RenderLab.Of("typical");
        var first = Some.Orders(cluster, inputs);

        Assert.Equal(first.Generation, Some.Orders(cluster, inputs).Generation);
        Assert.Equal(first.Generation, ControlPlaneOrders.Read(first.ToBytes()).Generation);
        string[] others =
        [
            first.Generation,
            Some.Orders(cluster, inputs, "v1.32.0+k3s1").Generation,
            Some.Orders(cluster, inputs with { EbbHash = new string('f', 64) }).Generation,
            Some.Orders(cluster, inputs with { SshPublicKeys = ["ssh-ed25519 AAAA other"] }).Generation,
            Some.Orders(cluster with { AddOns = cluster.AddOns with { Registry = !cluster.AddOns.Registry } }, inputs).Generation,
            Some.Orders(cluster, inputs, rotation: new K3sRotation("1", [["k3s", "certificate", "rotate"]])).Generation,
            Some.Orders(cluster, inputs, seed: "other files").Generation,
        ];
        Assert.Equal(others.Length, others.Distinct().Count());
        Assert.All(others, generation => Assert.Matches("^[0-9a-f]{64}$", generation));
    }

    [Fact]
    public void What_is_written_is_read_again_the_same()
    {
        var (cluster, inputs) = RenderLab.Of("full");
        var orders = Some.Orders(cluster, inputs, rotation: new K3sRotation("2026-11", [["k3s", "token", "rotate", "--new-token", "@/etc/ebb/k3s/token"]]) { On = "farm-control-plane-0" });

        var read = ControlPlaneOrders.Read(orders.ToBytes());

        Assert.Equal(orders.ToBytes(), read.ToBytes());
        Assert.Equal(orders.Files, read.Files, (one, other) => one.To == other.To && one.Sha256 == other.Sha256 && one.Restarts.SequenceEqual(other.Restarts));
        Assert.Equal("2026-11", (string?)read.Configuration["k3s"]!["rotate"]);
        Assert.DoesNotContain(RenderLab.TailscaleKey, Encoding.UTF8.GetString(orders.ToBytes()));
        Assert.True(orders.ToBytes().Length < ControlPlaneOrders.MostBytes);
    }

    [Fact]
    public void A_file_that_an_add_on_no_longer_has_is_to_be_removed()
    {
        var (cluster, inputs) = RenderLab.Of("minimal");

        var with = Some.Orders(cluster with { AddOns = new AddOnsDefinition { Registry = true }, Access = cluster.Access with { SshPort = 2222 } }, inputs);
        var without = Some.Orders(cluster with { AddOns = new AddOnsDefinition { Registry = false } }, inputs);

        Assert.Equal(["/etc/systemd/system/docker.service.d/10-ebb-registry.conf"], with.Absent);
        Assert.Equal(["/etc/rancher/k3s/registries.yaml", "/etc/systemd/system/docker.service.d/10-ebb-registry.conf", "/etc/systemd/system/ssh.socket.d/10-ebb.conf"], without.Absent);
    }

    [Fact]
    public void Only_commands_that_machines_accept_are_ordered()
    {
        var (cluster, inputs) = RenderLab.Of("minimal");

        var error = Assert.Throws<ArgumentException>(() => Some.Orders(cluster, inputs, rotation: new K3sRotation("1", [["k3s", "server", "--cluster-reset"]])));

        Assert.Contains("k3s server --cluster-reset", error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"generation": "a", "attempt": 1}""")]
    [InlineData("""{"generation": null, "attempt": 1, "machines": []}""")]
    public void A_turn_that_is_damaged_is_told_with_its_name(string content)
    {
        var error = Assert.Throws<EbbException>(() => ControlPlaneTurn.Read(Encoding.UTF8.GetBytes(content)));

        Assert.Contains("'control-plane/turn.json' on share 'ebb-system'", error.Message);
    }

    [Fact]
    public void A_state_is_read_as_machines_write_it_and_one_that_is_being_written_is_none()
    {
        var state = ControlPlaneState.Read(
            """
            {"machine": "farm-control-plane-0", "generation": "abc", "attempt": 2, "phase": "failed", "why": "it is so",
             "release": "v1.31.5+k3s1", "ebb": "", "store": true, "at": "2026-11-22T12:00:00Z"}
            """u8,
            "farm-control-plane-0")!;

        Assert.Equal((ControlPlanePhase.Failed, "it is so", 2), (state.Phase, state.Why, state.Attempt));
        Assert.Equal(state, ControlPlaneState.Read(state.ToBytes(), state.Machine));
        Assert.Null(ControlPlaneState.Read(new byte[50], state.Machine));
        Assert.Contains("control-plane/state/m.json", Assert.Throws<EbbException>(() => ControlPlaneState.Read("{}"u8, "m")).Message);
    }
}
