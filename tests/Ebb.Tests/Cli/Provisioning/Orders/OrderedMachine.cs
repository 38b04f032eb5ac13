using System.Diagnostics;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.CloudInit;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Tests.Cli.Provisioning.Rendered;

namespace Ebb.Tests.Cli.Provisioning.Orders;

/// <summary>
/// A directory that stands for one control-plane machine, with the real program that first boot or orders put there. k3s, its installer
/// and systemd are stood in for by programs that note how they are called and answer as the real ones.
/// </summary>
internal sealed partial class OrderedMachine : IDisposable
{
    public const string Program = "/usr/local/lib/ebb/control-plane";
    public const string Record = "/var/lib/ebb/orders.json";

    // Reached by nothing but a fault.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly MachineCloud _cloud;
    private readonly int _index;

    public OrderedMachine(MachineCloud cloud, ClusterFile? cluster = null, int index = 0)
    {
        (_cloud, _index) = (cloud, index);
        Cluster = cluster ?? cloud.Cluster;
        Lab = new MachineLab(Renderer.Render(Cluster, cloud.InputsNow).CloudConfigs[ResourceNames.ControlPlaneRole]);
        Lab.Edit(ControlPlaneConfig.Path, configuration => _cloud.Redirect(configuration, index));
        Lab.Write(Program, Quickened(Lab.Read(Program)), "0755");
        Lab.Write("/etc/fstab", "# the image's own\n");
        Lab.Write("/etc/passwd", $"root:x:0:0:root:/root:/bin/bash\nebb:x:{Number("-u")}:{Number("-g")}::/home/ebb:/bin/bash\n");
        File.WriteAllText(Path.Combine(cloud.Directory, "k3s-install.sh"), Counted("k3s-install.sh", "echo \"${INSTALL_K3S_VERSION:-v1.33.1+k3s1}\" > \"$EBB_ROOT/k3s-installed\""));
        foreach (var command in new[] { "mount", "umount", "dpkg", "tailscale", "sysctl" })
        {
            Command(command, "");
        }

        Command("mountpoint", "exit 1");
        Command("kubectl", "echo '# completion'");
        Command(
            "systemctl",
            Systemctl,
            before: """[ "$1" != show ] || { echo ActiveState=active; echo MainPID=1; exit 0; }""");
        K3s("");
    }

    public MachineLab Lab { get; }

    public ClusterFile Cluster { get; set; }

    public string Name => _cloud.Names.ControlPlaneMachine(_index);

    /// <summary>Of the program, when orders bring a changed one.</summary>
    public Func<string, string> Changed { get; set; } = text => text;

    /// <summary>Its shares are mounted.</summary>
    public void Mounted() => Command("mountpoint", "");

    /// <summary>Forgets what was run until now.</summary>
    public void Forget() => File.Delete(Lab.At("ran"));

    /// <summary>What of it was run that changes a machine; without mounting, which comes every time.</summary>
    public string[] Ran =>
        [.. Lab.Ran.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("mount", StringComparison.Ordinal))];

    /// <summary>Orders as the operator would write them, for this cloud and this program's patience.</summary>
    public ControlPlaneOrders Orders(string? release = null, IReadOnlyList<string>? sshKeys = null, K3sRotation? rotation = null, string sharesKey = RenderInputs.FirstKey, bool stagesAuthorities = false)
    {
        var orders = ControlPlaneOrders.Compose(
            Cluster,
            new ResourceNames(Cluster, _cloud.Inputs.SubscriptionId),
            _cloud.InputsNow with { SshPublicKeys = [.. sshKeys ?? _cloud.Inputs.SshPublicKeys], SharesKey = sharesKey, StagesAuthorities = stagesAuthorities },
            release ?? Cluster.Kubernetes.Version,
            _cloud.Hashes,
            rotation);
        _cloud.Redirect(orders.Configuration, _index);
        return orders with
        {
            Texts = [.. orders.Texts.Select(text => text.To == Program ? text with { Content = Changed(Quickened(text.Content)) } : text)],
        };
    }

    /// <summary>Puts them on the share, and lets this machine or another act on them.</summary>
    public async Task OrderAsync(ControlPlaneOrders orders, int attempt = 1, string? machine = null)
    {
        await _cloud.PutFileAsync(SystemShare.Wanted, System.Text.Encoding.UTF8.GetString(orders.ToBytes()));
        await TurnAsync(orders.Generation, attempt, machine);
    }

    public Task TurnAsync(string generation, int attempt = 1, string? machine = null) => _cloud.PutFileAsync(
        SystemShare.Turn, System.Text.Encoding.UTF8.GetString(new ControlPlaneTurn(generation, attempt, [machine ?? Name]).ToBytes()));

    /// <summary>First boot, and what follows it until all is told.</summary>
    public async Task BeBornAsync()
    {
        var (code, said) = await RunAsync();
        Assert.True(code == 0, said);
        await LookAsync();
    }

    /// <summary>One that was born and runs. Only the first one is; the others are copies of its disk.</summary>
    public static async Task<OrderedMachine> BornAsync(MachineCloud cloud)
    {
        if (cloud.Born is null)
        {
            var first = new OrderedMachine(cloud);
            await first.BeBornAsync();
            first.Forget();
            cloud.Born = first;
        }

        var machine = new OrderedMachine(cloud);
        using var copy = Process.Start("cp", ["-a", cloud.Born.Lab.Root + "/.", machine.Lab.Root]);
        await copy.WaitForExitAsync(TestContext.Current.CancellationToken);
        return machine;
    }

    /// <summary>Follows until it has looked once, and acted where it was its turn.</summary>
    public async Task<string> LookAsync()
    {
        var (code, said) = await RunAsync("--follow");
        Assert.True(code == 0, said);
        return said;
    }

    /// <param name="killAt">The step, from 1, at which it is killed as if the power went; 0 for none.</param>
    public async Task<(int Code, string Said)> RunAsync(string? argument = null, int killAt = 0, bool loop = false)
    {
        using var deadline = new CancellationTokenSource(Limit, TimeProvider.System);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken, deadline.Token);
        var ct = limit.Token;
        using var process = Start(argument, killAt, loop);
        var (error, output) = (process.StandardError.ReadToEndAsync(ct), process.StandardOutput.ReadToEndAsync(ct));
        try
        {
            await process.WaitForExitAsync(ct);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        return (process.ExitCode, await error + await output);
    }

    private Process Start(string? argument, int killAt, bool loop = false)
    {
        var start = new ProcessStartInfo("/usr/bin/python3", ["-B", Lab.At(Program), .. argument is null ? [] : new[] { argument }])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            Environment =
            {
                ["EBB_ROOT"] = Lab.Root,
                ["PATH"] = $"{Lab.At("commands")}:/usr/bin:/bin",
                ["SSL_CERT_FILE"] = _cloud.AuthorityFile,
                ["KILL_AT"] = $"{killAt}",
            },
        };
        if (loop)
        {
            start.Environment["LOOP"] = "1";
        }

        return Process.Start(start)!;
    }

    /// <summary>Follows until what is returned is disposed of.</summary>
    public IDisposable Follow() => new Following(Start("--follow", 0, loop: true));

    /// <summary>First boot, as long as it takes; it ends when what is returned is disposed of.</summary>
    public IDisposable Birth() => new Following(Start(null, 0));

    public async Task<ControlPlaneState> UntilAsync(Func<ControlPlaneState, bool> reached)
    {
        using var deadline = new CancellationTokenSource(Limit, TimeProvider.System);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken, deadline.Token);
        while (true)
        {
            if (await _cloud.StateAsync(_index) is { } state && reached(state))
            {
                return state;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, limit.Token);
        }
    }

    public void Dispose() => Lab.Dispose();

    private void Command(string name, string then, string before = "") => Lab.Write($"commands/{name}", Counted(name, then, before), "0755");

    private static string Counted(string name, string then, string before = "") =>
        MachineLab.Noting(name, then).Replace("#!/bin/sh\n", $"#!/bin/sh\n{before}\n", StringComparison.Ordinal);

    /// <summary>The very program, which does not wait, looks once, and can be killed at whatever it does to the world.</summary>
    private static string Quickened(string program)
    {
        var quick = program;
        foreach (var (from, to) in new[]
        {
            ("LONGEST_WAIT = 20 * 60", "LONGEST_WAIT = 10"),
            ("wait, until = 1, time", "wait, until = 0.2, time"),
            ("HEALS_WITHIN = 5 * 60", "HEALS_WITHIN = 1"),
            ("READY_WITHIN = 15 * 60", "READY_WITHIN = 4"),
            ("TRIED_FOR = 3 * 60", "TRIED_FOR = 0.5"),
            ("STEADY_FOR = 10", "STEADY_FOR = -1"),
            ("LOOK_FOR_OTHERS = 60", "LOOK_FOR_OTHERS = -1"),
            ("timeout=5)", "timeout=0.05)"),
            ("time.sleep(2)", "time.sleep(0)"),
            ("time.sleep(3)", "time.sleep(0.2)"),
            ("time.sleep(5)", "time.sleep(0.2)"),
            ("            time.sleep(wait)\n\n    def report", "            if 'LOOP' in os.environ:\n                time.sleep(0.1)\n                continue\n            sys.exit(0)\n\n    def report"),
            ("\n\nmain()\n", Killing),
        })
        {
            Assert.Contains(from, quick);
            quick = quick.Replace(from, to, StringComparison.Ordinal);
        }

        return quick;
    }

    private const string Killing = """


        def killed(do):
            def step(*arguments, **more):
                # What only asks changes nothing, and is no other place to be killed at.
                asks = "stdout" in more or (do is opened and arguments[0].get_method() == "GET")
                killed.steps += 0 if asks else 1
                if not asks and killed.steps == int(os.environ.get("KILL_AT", 0)):
                    os.kill(os.getpid(), 9)
                if do is executed:
                    os.environ["KILL_AT"] = str(int(os.environ.get("KILL_AT", 0)) - killed.steps)
                return do(*arguments, **more)
            return step


        killed.steps, executed, opened = 0, os.execv, urllib.request.urlopen
        subprocess.run, os.replace, os.unlink = killed(subprocess.run), killed(os.replace), killed(os.unlink)
        urllib.request.urlopen, os.execv = killed(opened), killed(executed)
        main()
        
        """;

    private static int Number(string option)
    {
        using var id = Process.Start(new ProcessStartInfo("id", [option]) { RedirectStandardOutput = true })!;
        return int.Parse(id.StandardOutput.ReadToEnd(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private sealed class Following : IDisposable
    {
        private readonly Process _process;

        public Following(Process process)
        {
            _process = process;

            // Read, so that it never waits for a reader.
            process.BeginErrorReadLine();
            process.BeginOutputReadLine();
        }

        public void Dispose()
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
