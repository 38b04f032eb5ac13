using System.Diagnostics;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.Provisioning;

/// <summary>The programs that machines of a real cluster run, as 'eng/programs.sh' publishes them; made anew only after a change.</summary>
public sealed class ProgramsTests
{
    // A publish of both takes a minute on quiet cores.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task Ebb_runs_where_there_is_neither_dotnet_nor_this_source_tree()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "mounts of one's own are root's to make");

        // Where no other test's cluster finds them.
        var own = $"EBB_PROGRAMS={Path.Combine(Shell.Root, "artifacts", "test-programs")}";
        var programs = (await RunAsync("env", own, Path.Combine(Shell.Root, "eng", "programs.sh"), "amd64")).Good().Out.Trim();
        var elsewhere = Directory.CreateTempSubdirectory("ebb-programs-").FullName;
        try
        {
            File.Copy(Path.Combine(programs, "ebb"), Path.Combine(elsewhere, "ebb"));
            await File.WriteAllTextAsync(Path.Combine(elsewhere, "ebb.yaml"), """
                name: farm
                cloud: {provider: azure, region: westeurope, endpoint: sandbox}
                pools:
                  - {name: agents, size: Standard_D2s_v5}
                """, TestContext.Current.CancellationToken);

            // Under empty directories nothing of either can be found.
            var alone = (await RunAsync("unshare", "-m", "bash", "-c", """
                set -e
                cd "$1"
                for gone in "$2" "$(dirname "$(readlink -f "$(command -v dotnet)")")" /usr/lib/dotnet /usr/share/dotnet; do
                  if [ -d "$gone" ]; then mount -t tmpfs tmpfs "$gone"; fi
                done
                run() { env -i HOME="$1" PATH=/usr/bin:/bin EBB_OWN_ADDRESS=203.0.113.7 "./ebb" "${@:2}"; }
                run "$1" --version
                run "$1" run --help | head -n 2 | tail -n 1
                run "$1" render --offline -o rendered | tail -n 1
                """, "alone", elsewhere, Shell.Root)).Good();

            Assert.Matches(@"^\d+\.\d+\.\d+\S*\n  Run the controller.*\nrendered/cloud-config/control-plane\.yaml\n$", alone.Out);
        }
        finally
        {
            Directory.Delete(elsewhere, recursive: true);
        }
    }

    [Fact]
    public async Task The_agent_for_arm64_is_compiled_for_such_machines_and_starts_on_one()
    {
        var linker = await RunAsync(Path.Combine(Shell.Root, "eng", "arm64-linker.sh"));
        Assert.SkipWhen(linker.ExitCode != 0, linker.Error);
        var emulator = await RunAsync(Path.Combine(Shell.Root, "eng", "arm64-linker.sh"), "qemu");
        Assert.SkipWhen(emulator.ExitCode != 0, emulator.Error);

        // Where no other test's cluster finds it: it would be told that its agents have changed.
        var own = $"EBB_AGENTS={Path.Combine(Shell.Root, "artifacts", "test-agents")}";
        var agents = (await RunAsync("env", own, Path.Combine(Shell.Root, "eng", "agent.sh"), "arm64")).Good().Out.Trim();
        var agent = Path.Combine(agents, "ebb-agent-arm64");
        var version = (await RunAsync(emulator.Out.Trim(), "-L", Path.Combine(linker.Out.Trim(), "..", "usr", "aarch64-linux-gnu"), agent, "--version")).Good();

        Assert.Matches(@"^\d+\.\d+\.\d+", version.Out);

        // With a runtime packed into it, it would have three times as much.
        Assert.InRange(new FileInfo(agent).Length, 1 << 20, 12 << 20);
    }

    private static async Task<Ran> RunAsync(string program, params string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return new Ran(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} had not ended after {Limit}.");
        }
    }
}
