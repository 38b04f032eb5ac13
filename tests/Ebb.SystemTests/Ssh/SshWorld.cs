using System.Diagnostics;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.Ssh;

/// <summary>
/// A control-plane machine as SSH shows it: OpenSSH's own server behind a network of its own, under the public name and the port that
/// the cluster's file leads to, and another network for whoever logs in. Mounts and networks are the test's own and end with it.
/// </summary>
internal sealed class SshWorld : IAsyncDisposable
{
    public const string Name = "far-farm";

    private const string Host = "far-farm.westeurope.cloudapp.azure.com";

    private const int Port = 2222;

    // With several machines: that of the first, the others' follow.
    private const int FirstPort = 50_000;

    private const string User = "keeper";

    private const string Definition = $$"""
        name: {{Name}}
        cloud: {provider: azure, region: westeurope, subscription: 5c7e0d1a-9a0b-4c55-8f0d-3b1f5e6a7c01}
        network: {dnsLabel: far-farm}
        pools:
          - {name: agents, size: Standard_D2s_v5}
        addOns: {ingress: true, registry: true, dashboard: true}
        access: {sshPort: 2222, sshUser: keeper, sshFrom: anyone, apiFrom: anyone, ingressFrom: anyone}
        """;

    // Two networks and a wire between them; in the mounts that both see, the machine's name leads to its end of the wire.
    private const string Ground = """
        set -e
        cd "$1"
        mount --bind hosts /etc/hosts
        mount --bind passwd /etc/passwd
        mount -t tmpfs tmpfs /run
        mkdir -m 755 /run/sshd
        ip link set lo up
        unshare -n sleep infinity &
        far=$!
        until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.01; done
        ip link add ebb-near type veth peer name ebb-far netns $far
        ip addr add 10.99.7.1/24 dev ebb-near
        ip link set ebb-near up
        nsenter -t $far -n ip link set lo up
        nsenter -t $far -n ip addr add 10.99.7.2/24 dev ebb-far
        nsenter -t $far -n ip link set ebb-far up
        echo $far
        wait
        """;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-ssh-").FullName;
    private readonly Dictionary<int, Process> _servers = [];
    private readonly string _sshd;
    private readonly int _machines;
    private Process? _ground;
    private int _far;

    private SshWorld(string sshd, int machines) => (_sshd, _machines) = (sshd, machines);

    public Shell Shell { get; } = new();

    public string Bin => Path.Combine(_folder, "bin");

    /// <summary>The cluster's file.</summary>
    public string Yaml => Path.Combine(_folder, "ebb.yaml");

    public string KnownHosts => Path.Combine(Shell.State, "clusters", Name, "known_hosts");

    /// <summary>Skips, with the reason, where there is no right to networks of one's own or no such server.</summary>
    /// <param name="machines">Of the control plane. Of several, all but the last answer.</param>
    public static async Task<SshWorld> StartAsync(CancellationToken ct, int machines = 1)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "networks and mounts of one's own are root's to make");
        var sshd = await RunAsync(Path.Combine(Shell.Root, "eng", "sshd.sh"), [], ct);
        Assert.SkipWhen(sshd.ExitCode != 0, sshd.Error);
        var world = new SshWorld(sshd.Out.Trim(), machines);
        try
        {
            await world.BeginAsync(ct);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>With a host key of this name, made at first.</summary>
    public Task ListenAsync(string hostKey, CancellationToken ct) => ListenAtAsync(hostKey, Port, ct);

    /// <summary>One of several machines begins to answer.</summary>
    public Task ListenAsync(string hostKey, int machine, CancellationToken ct) => ListenAtAsync(hostKey, FirstPort + machine, ct);

    /// <summary>On the machine's own loopback: answers with its port.</summary>
    public Task OfferAsync(int port, CancellationToken ct) =>
        ServeAsync(port, Path.Combine(_folder, "one"), ["-o", $"VersionAddendum=port-{port}", "-o", "ListenAddress=127.0.0.1"], ct);

    /// <summary>A program that whoever logs in finds there, instead of the machine's own.</summary>
    public async Task PutAsync(string name, string script)
    {
        var path = Path.Combine(Bin, name);
        await File.WriteAllTextAsync(path, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }

    public async Task LeaveAsync()
    {
        foreach (var server in _servers.Values)
        {
            server.Kill();
            await server.WaitForExitAsync();
            server.Dispose();
        }

        _servers.Clear();
    }

    /// <summary>As whoever logs in, in the network from which the machine is far.</summary>
    public Task<Ran> EbbAsync(string line, CancellationToken ct) => Shell.RunAsync("nsenter", Far([Path.Combine(Shell.Root, "ebb"), .. Words(line)]), ct);

    public Running StartEbb(string line) => Shell.Start("nsenter", Far([Path.Combine(Shell.Root, "ebb"), .. Words(line)]));

    /// <summary>A line of a shell at a terminal, in that same network.</summary>
    public Running StartAtTerminal(string line) => Shell.StartAtTerminal(line, ["nsenter", .. Far([])]);

    /// <summary>How a command is typed there.</summary>
    public string Ebb(string line) => string.Join(' ', [Path.Combine(Shell.Root, "ebb"), .. Words(line)]);

    public Task<Ran> BashAsync(string script, CancellationToken ct) => Shell.RunAsync("nsenter", Far(["bash", "-c", script]), ct);

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        if (_ground is not null)
        {
            _ground.Kill(entireProcessTree: true);
            await _ground.WaitForExitAsync();
            _ground.Dispose();
        }

        await Shell.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task BeginAsync(CancellationToken ct)
    {
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        Directory.CreateDirectory(Bin);
        Directory.CreateDirectory(Path.Combine(_folder, "programs"));
        await WriteAsync("ebb.yaml", $"{Definition}\ncontrolPlane: {{machines: {_machines}}}\n");
        await WriteAsync("hosts", $"127.0.0.1 localhost\n10.99.7.1 {Host}\n");
        await WriteAsync("passwd", $"root:x:0:0::/root:/bin/bash\nsshd:x:65533:65534::/run/sshd:/bin/false\n{User}:x:1500:1500::{_folder}:/bin/bash\n");
        await WriteAsync("programs/ebb", "");
        await WriteAsync("programs/ebb-agent-amd64", "");

        // Shells there print nothing around what they are asked for.
        Shell.Environment["TERM"] = "dumb";

        // The cluster's own key, as any command makes it.
        Shell.Environment["EBB_PROGRAMS"] = Path.Combine(_folder, "programs");
        (await Shell.RunAsync(Path.Combine(Shell.Root, "ebb"), ["render", "--offline", "-f", Yaml, "-o", Path.Combine(_folder, "rendered")], ct)).Good();
        File.Copy(Path.Combine(Shell.State, "clusters", Name, "keys", "ssh.pub"), Path.Combine(_folder, "authorized_keys"));
        File.SetUnixFileMode(Path.Combine(_folder, "authorized_keys"), (UnixFileMode)0b110_100_100);

        _ground = Process.Start(new ProcessStartInfo("unshare", ["-m", "-n", "bash", "-c", Ground, "ground", _folder]) { RedirectStandardOutput = true })!;
        _far = int.Parse(await _ground.StandardOutput.ReadLineAsync(ct) ?? throw new InvalidOperationException("There is no network."), System.Globalization.CultureInfo.InvariantCulture);
        if (_machines == 1)
        {
            await ListenAsync("one", ct);
        }

        for (var machine = 0; machine < _machines - 1; machine++)
        {
            await ListenAsync("one", machine, ct);
        }
    }

    private async Task ListenAtAsync(string hostKey, int port, CancellationToken ct)
    {
        var key = Path.Combine(_folder, hostKey);
        if (!File.Exists(key))
        {
            Assert.Equal(0, (await RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key], ct)).ExitCode);
        }

        await ServeAsync(port, key, [], ct);
    }

    private async Task ServeAsync(int port, string key, string[] more, CancellationToken ct)
    {
        string[] words =
        [
            "-t", $"{_ground!.Id}", "-m", "-n", _sshd, "-D", "-q", "-f", "/dev/null", "-p", $"{port}", "-h", key,
            "-o", $"AuthorizedKeysFile={Path.Combine(_folder, "authorized_keys")}", "-o", "StrictModes=no", "-o", "PidFile=none", "-o", "UsePAM=no",
            "-o", "PasswordAuthentication=no", "-o", $"SetEnv=PATH={Bin}:/usr/bin:/bin", .. more,
        ];
        _servers[port] = Process.Start(new ProcessStartInfo("nsenter", words))!;
        await Shell.UntilAsync($"port {port} answers", Soon, async () =>
            (await RunAsync("nsenter", ["-t", $"{_ground.Id}", "-n", "bash", "-c", $"exec 3<>/dev/tcp/127.0.0.1/{port}"], ct)).ExitCode == 0);
    }

    private string[] Far(string[] command) => ["-t", $"{_ground!.Id}", "-m", "nsenter", "-t", $"{_far}", "-n", .. command];

    // Every command is about this file.
    private string[] Words(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return [words[0], "-f", Yaml, .. words[1..]];
    }

    private Task WriteAsync(string file, string text) => File.WriteAllTextAsync(Path.Combine(_folder, file), text);

    private static async Task<Ran> RunAsync(string program, string[] words, CancellationToken ct)
    {
        using var process = Process.Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        return await Shell.EndOfAsync(process, ct);
    }
}
