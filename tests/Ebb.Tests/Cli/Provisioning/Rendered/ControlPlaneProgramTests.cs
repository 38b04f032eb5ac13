using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Cli.Provisioning;
using Ebb.Tests.House;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Ebb.Tests.Cli.Provisioning.Rendered;

/// <summary>A control-plane machine's first boot, with the very program and files that cloud-config gives it, in a cloud of its own.</summary>
public sealed class ControlPlaneProgramTests : IAsyncLifetime
{
    private const string Program = "/usr/local/lib/ebb/control-plane";
    private const string SystemKey = "c3lzdGVtLWtleQ==";
    private const string SharesKey = "c2hhcmVzLWtleQ==";

    private static readonly string Installer = MachineLab.Noting("k3s-install.sh");

    private readonly List<string> _asked = [];
    private int _deniedKeys;
    private string? _tampered;
    private WebApplication _cloud = null!;
    private string _address = "";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        MachineLab.Require();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _cloud = builder.Build();
        _cloud.Run(AnswerAsync);
        await _cloud.StartAsync(Ct);
        _address = _cloud.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
    }

    public ValueTask DisposeAsync() => _cloud is null ? ValueTask.CompletedTask : _cloud.DisposeAsync();

    [Fact]
    public async Task K3s_installer_is_called_as_approved_with_the_files_as_approved()
    {
        using var machine = Boot("typical");

        var (code, said) = await machine.RunAsync(Program, Ct);

        Assert.True(code == 0, said);
        Approved.Same(Transcript(machine), "approved/typical/control-plane.boot.txt");
    }

    [Fact]
    public async Task Where_nothing_is_reached_outside_the_installer_and_all_it_needs_come_from_the_share()
    {
        using var machine = Boot("air-gapped");

        var (code, said) = await machine.RunAsync(Program, Ct);

        Assert.True(code == 0, said);
        Approved.Same(Transcript(machine), "approved/air-gapped/control-plane.boot.txt");
    }

    [Fact]
    public async Task A_role_that_is_not_known_everywhere_yet_is_waited_for()
    {
        using var machine = Boot("minimal");
        _deniedKeys = 1;

        var (code, said) = await machine.RunAsync(Program, Ct);

        Assert.True(code == 0, said);
        Assert.Contains("key of the private account: HTTP Error 403", said);
    }

    [Fact]
    public async Task A_program_that_was_changed_on_the_share_is_not_run()
    {
        using var machine = Boot("minimal");
        _tampered = SystemShare.Ebb;
        machine.Write(Program, machine.Read(Program).Replace("LONGEST_WAIT = 20 * 60", "LONGEST_WAIT = 0", StringComparison.Ordinal), "0755");

        var (code, said) = await machine.RunAsync(Program, Ct);

        Assert.NotEqual(0, code);
        Assert.Contains("was expected", said);
        Assert.False(File.Exists(machine.At("/usr/local/bin/ebb")));
        Assert.DoesNotContain("k3s-install.sh", machine.Ran);
    }

    [Fact]
    public async Task What_was_interrupted_is_done_again_and_ends_the_same()
    {
        using var machine = Boot("typical");
        machine.Write("fail-k3s-install.sh", "");
        var (failed, _) = await machine.RunAsync(Program, Ct);
        File.Delete(machine.At("fail-k3s-install.sh"));
        File.Delete(machine.At("ran"));

        var (code, said) = await machine.RunAsync(Program, Ct);

        Assert.NotEqual(0, failed);
        Assert.True(code == 0, said);
        Assert.Equal(2, machine.Read("/etc/fstab").Split('\n').Count(line => line.Contains(" cifs ", StringComparison.Ordinal)));
        Assert.True(File.Exists(machine.At("/var/lib/ebb/control-plane-done")));
        Assert.DoesNotContain(_asked.TakeLast(20), path => path.EndsWith(SystemShare.Ebb, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_several_machines_the_first_begins_a_cluster_when_no_other_is_there()
    {
        using var machine = Boot("full");
        machine.Write(Program, machine.Read(Program).Replace("LOOK_FOR_OTHERS = 60", "LOOK_FOR_OTHERS = -1", StringComparison.Ordinal), "0755");

        var (code, said) = await machine.RunAsync(Program, Ct);

        Assert.True(code == 0, said);
        Assert.Contains("cluster-init: true", machine.Read("/etc/rancher/k3s/config.yaml.d/10-machine.yaml"));
        Assert.Contains("tailscale up --auth-key=file:/etc/ebb/tailscale.key", machine.Ran);
    }

    private MachineLab Boot(string name)
    {
        var (cluster, inputs) = RenderLab.Of(name);
        inputs = inputs with
        {
            EbbHash = Hash(SystemShare.Ebb),
            AgentHashes = inputs.AgentHashes.Select(agent => KeyValuePair.Create(agent.Key, Hash(SystemShare.Agent(agent.Key)))).Aggregate(
                inputs.AgentHashes, (all, one) => all.SetItem(one.Key, one.Value)),
            AirGapHashes = inputs.AirGapHashes.Select(file => KeyValuePair.Create(file.Key, Hash(SystemShare.AirGap + file.Key))).Aggregate(
                inputs.AirGapHashes, (all, one) => all.SetItem(one.Key, one.Value)),
        };
        var machine = new MachineLab(Renderer.Render(cluster, inputs).CloudConfigs["control-plane"]);
        machine.Edit("/etc/ebb/control-plane.json", json =>
        {
            (json["metadata"], json["manager"], json["fileShares"]) = (_address, _address, _address + "/files");

            // Machines that are not there refuse at once.
            json["addresses"] = new JsonArray([.. json["addresses"]!.AsArray().Select((_, index) => (JsonNode?)(index == 0 ? "10.1.0.10" : $"127.0.0.{index}"))]);
            if (json["k3s"]!["installer"] is not null)
            {
                json["k3s"]!["installer"] = _address + "/get.k3s.io";
            }
        });
        machine.Write("/etc/fstab", "# the image's own\n");
        foreach (var command in new[] { "systemctl", "mount", "dpkg", "tailscale" })
        {
            machine.Stub(command);
        }

        machine.Stub("mountpoint", "exit 1");
        machine.Stub("kubectl", "echo '# completion'");
        if (cluster.Options.Tailscale is not null)
        {
            machine.Write("/usr/local/lib/ebb/tailscale-install.sh", MachineLab.Noting("tailscale-install.sh"), "0755");
        }

        return machine;
    }

    /// <summary>What was run, and what lies where with which mode.</summary>
    private static string Transcript(MachineLab machine)
    {
        var text = new StringBuilder("# What was run, in order\n\n").Append(machine.Ran).Append("\n# Files\n");
        string[] shown = ["/etc/rancher/", "/etc/fstab", "/etc/ebb/join/handout.json"];
        foreach (var path in Directory.EnumerateFiles(machine.Root, "*", SearchOption.AllDirectories)
            .Select(path => path[machine.Root.Length..])
            .Where(path => !path.StartsWith("/commands/", StringComparison.Ordinal) && path is not "/ran" && !path.StartsWith("/etc/systemd/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal))
        {
            text.Append('\n').Append(machine.ModeOf(path)).Append(' ').Append(path).Append('\n');
            if (shown.Any(prefix => path.StartsWith(prefix, StringComparison.Ordinal)))
            {
                text.Append(string.Concat(machine.Read(path).TrimEnd('\n').Split('\n').Select(line => $"    {line}\n")));
            }
        }

        return text.ToString();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        _asked.Add(path);
        if (path.StartsWith("/metadata/", StringComparison.Ordinal) && http.Request.Headers["Metadata"] != "true")
        {
            http.Response.StatusCode = 400;
            return;
        }

        var text = path switch
        {
            "/metadata/instance" => Instance,
            "/metadata/identity/oauth2/token" => $$"""{"access_token": "token-of-{{http.Request.Query["resource"]}}"}""",
            "/get.k3s.io" => Installer,
            _ when path.EndsWith("/listKeys", StringComparison.Ordinal) => Keys(http, path),
            _ when path.StartsWith("/files/", StringComparison.Ordinal) => File_(http, path),
            _ => null,
        };
        if (text is null)
        {
            http.Response.StatusCode = http.Response.StatusCode == 200 ? 404 : http.Response.StatusCode;
            return;
        }

        await http.Response.WriteAsync(text);
    }

    private string? Keys(HttpContext http, string path)
    {
        if (_deniedKeys-- > 0)
        {
            http.Response.StatusCode = 403;
            return null;
        }

        var account = path.Split('/')[^2];
        return http.Request.Method == "POST" && http.Request.Headers.Authorization == $"Bearer token-of-{_address}/"
            ? new JsonObject
            {
                ["keys"] = new JsonArray(new JsonObject { ["value"] = account.StartsWith("ebbsys", StringComparison.Ordinal) ? SystemKey : SharesKey }),
            }.ToJsonString()
            : null;
    }

    /// <summary>A file of the share, to whoever has signed for it as the service's documents say.</summary>
    private string? File_(HttpContext http, string path)
    {
        var name = path["/files/ebb-system/".Length..];
        if (http.Request.Method == "PUT" && name.StartsWith("control-plane", StringComparison.Ordinal))
        {
            // What machines say of themselves is taken and forgotten; how it is signed is tried on the sandbox's shares.
            http.Response.StatusCode = 201;
            return "";
        }

        var headers = http.Request.Headers;
        var account = headers.Authorization.ToString().Split(' ')[^1].Split(':')[0];
        string[] lines =
        [
            "GET", .. Enumerable.Repeat("", 11), $"x-ms-date:{headers["x-ms-date"]}", $"x-ms-version:{headers["x-ms-version"]}", $"/{account}{path}",
        ];
        var signature = Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(SystemKey), Encoding.UTF8.GetBytes(string.Join('\n', lines))));
        if (headers.Authorization != $"SharedKey {account}:{signature}")
        {
            http.Response.StatusCode = 403;
            return null;
        }

        // Nobody has given orders yet.
        return name.StartsWith("control-plane", StringComparison.Ordinal) ? null : name == _tampered ? "something else" : Content(name);
    }

    private static string Hash(string name) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Content(name))));

    private static string Content(string name) =>
        name == SystemShare.AirGap + "k3s-install.sh" ? Installer
        : name.EndsWith(".crt", StringComparison.Ordinal) ? RenderLab.AuthorityPem
        : $"content of {name}\n";

    private const string Instance = """
        {
          "compute": {
            "location": "westeurope", "zone": "", "vmSize": "Standard_B2ms",
            "osProfile": {"computerName": "farm-control-plane-0"},
            "resourceId": "/subscriptions/5c7e/resourceGroups/Farm-Compute/providers/Microsoft.Compute/virtualMachines/farm-control-plane-0"
          },
          "network": {"interface": [{"ipv4": {"ipAddress": [{"privateIpAddress": "10.1.0.10", "publicIpAddress": ""}]}}]}
        }
        """;
}
