using System.Diagnostics;
using Ebb.Cli.Provisioning.CloudInit;
using Ebb.SystemTests.Commands;
using Ebb.SystemTests.Machines;

namespace Ebb.SystemTests.Provisioning;

/// <summary>What machines are told at their birth, judged by a real cloud-init and a real systemd.</summary>
public sealed class RenderedMachineTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    // Short: the machine is called like it.
    private readonly string _directory = Directory.CreateTempSubdirectory("ebb-").FullName;

    [Fact]
    public async Task Every_rendered_cloud_config_is_valid_by_cloud_init_and_every_unit_by_systemd()
    {
        var root = await MachineRoot.RequireAsync();
        var approved = Path.Combine(Shell.Root, "tests/Ebb.Tests/Cli/Provisioning/Rendered/approved");
        string[] configs =
            [.. Directory.EnumerateFiles(approved, "*.yaml", SearchOption.AllDirectories).Where(file => file.Contains("/cloud-config/", StringComparison.Ordinal))];
        foreach (var file in configs)
        {
            var copy = Path.Combine(_directory, Path.GetRelativePath(approved, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        WriteUnits(Directory.CreateDirectory(Path.Combine(_directory, "units")).FullName);
        var (code, said) = await RunAsync("schema.sh", root, _directory);

        Assert.True(code == 0, said);
        Assert.Equal(configs.Length, said.Split('\n').Count(line => line.StartsWith("Valid cloud-config", StringComparison.Ordinal)));
        Assert.EndsWith("units are sound\n", said);
        Assert.DoesNotContain("deprecat", said, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_machine_that_is_switched_off_leaves_its_cluster_before_anything_that_it_needs_for_that_stops()
    {
        var log = await PlayAsync("shutdown.sh");

        Assert.Equal(
            [
                "agent runs",
                "k3s runs",
                "agent is told: k3s-agent active, network active, share mounted",
                "agent has left: k3s-agent active, network active, share mounted",
                "k3s stops",
                "containers end: k3s-agent inactive",
            ],
            log);
        Assert.Contains("-A PREROUTING -d 169.254.169.254/32 -j DROP", await File.ReadAllTextAsync(Path.Combine(_directory, "out", "iptables"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Nothing_runs_containers_before_pods_are_kept_from_the_metadata_service()
    {
        var log = await PlayAsync("guard.sh");

        Assert.Equal(["iptables comes", "k3s runs: guard active, 2 rules"], log);
    }

    [Fact]
    public async Task A_control_plane_machine_follows_from_its_birth_on_through_crashes_and_boots_also_when_k3s_does_not_start()
    {
        var log = await PlayAsync("follow.sh");

        Assert.Equal(
            [
                "is born",
                "is there",
                "follows: birth active, k3s activating",
                "follows: birth active, k3s activating",
                "follows: birth active, k3s activating",
                "follows: birth inactive, k3s activating",
            ],
            log);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>Boots a machine with the units that are rendered, as the script says.</summary>
    /// <returns>What its stand-ins wrote down.</returns>
    private async Task<string[]> PlayAsync(string script)
    {
        var root = await MachineRoot.RequireAsync();
        var units = Directory.CreateDirectory(Path.Combine(_directory, "units")).FullName;
        var output = Directory.CreateDirectory(Path.Combine(_directory, "out")).FullName;
        WriteUnits(units);

        var (_, said) = await RunAsync("play.sh", script, root, units, _directory);

        var log = Path.Combine(output, "log");
        Assert.True(File.Exists(log), said);
        return await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken);
    }

    private static void WriteUnits(string directory)
    {
        string[] units = ["ebb-agent", "ebb-containers", "ebb-control-plane", "ebb-control-plane-follow", "ebb-metadata-guard", "ebb-scratch", "ebb"];
        foreach (var unit in units)
        {
            File.WriteAllText(Path.Combine(directory, unit + ".service"), Texts.Read(unit + ".service"));
        }

        File.WriteAllText(Path.Combine(directory, "ebb-metadata-guard.conf"), Texts.Read("ebb-metadata-guard.conf"));
    }

    private static async Task<(int Code, string Said)> RunAsync(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Shell.Root, "tests/Ebb.SystemTests/Provisioning", script), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await error + await output);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
