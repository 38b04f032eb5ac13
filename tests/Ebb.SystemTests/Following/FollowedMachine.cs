using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ebb.Cli.Clusters;
using Ebb.Cli.Sandboxes.Subscription;
using Ebb.Clouds.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.SystemTests.Commands;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.SystemTests.Following;

/// <summary>
/// A directory that stands for one control-plane machine, and the very program that the deployment put there: born by it, and following
/// with it. What systemd would run then is run by this: k3s as a part of the cluster that is acted out, Ebb as it is.
/// </summary>
internal sealed class FollowedMachine : IAsyncDisposable
{
    private const string Program = "/usr/local/lib/ebb/control-plane";

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    private static readonly string StandIns = Path.Combine(Shell.Root, "tests/Ebb.SystemTests/Following/Machine");

    private readonly Instance _machine;
    private readonly FollowedCluster _world;
    private readonly string _root;
    private readonly CancellationTokenSource _cut = new();
    private readonly StringBuilder _said = new();
    private readonly Task _running;
    private KubernetesPlace? _kubernetes;

    public FollowedMachine(Instance machine, byte[] customData, string root, FollowedCluster world)
    {
        (_machine, _root, _world) = (machine, root, world);
        foreach (var file in JsonSerializer.SerializeToNode(Yaml.ToJson(Unpack(customData)))!["write_files"]!.AsArray())
        {
            Write((string)file!["path"]!, (string)file["content"]!, (string?)file["permissions"] ?? "0644");
        }

        Write("/etc/fstab", "# the image's own\n", "0644");
        Write("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n", "0644");
        foreach (var name in new[] { "systemctl", "k3s", "lose-power" })
        {
            Write($"/commands/{name}", File.ReadAllText(Path.Combine(StandIns, name)), "0755");
        }

        foreach (var name in new[] { "kubectl", "mount", "umount", "mountpoint", "sysctl" })
        {
            Write($"/commands/{name}", "#!/bin/sh\n", "0755");
        }

        _running = Task.Run(() => RunAsync(_cut.Token));
    }

    /// <summary>How often its program was begun again after it had been ended in the middle of its work.</summary>
    public int Interrupted { get; private set; }

    /// <summary>What its program printed.</summary>
    public string Said
    {
        get
        {
            lock (_said)
            {
                return _said.ToString();
            }
        }
    }

    /// <summary>Its program ends at once when it comes to this step: install or exchange.</summary>
    public void LosePowerAt(string step) => Write("/lose-power", step, "0644");

    public string? Read(string path) => File.Exists(At(path)) ? File.ReadAllText(At(path)) : null;

    public async ValueTask DisposeAsync()
    {
        await _cut.CancelAsync();
        await _running;
        _cut.Dispose();
    }

    private string At(string path) => Path.Combine(_root, path.TrimStart('/'));

    private void Write(string path, string content, string mode)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), content);
        File.SetUnixFileMode(At(path), (UnixFileMode)Convert.ToInt32(mode, 8));
    }

    private async Task RunAsync(CancellationToken ct)
    {
        try
        {
            await Task.WhenAll(RunProgramAsync(ct), RunK3sAsync(ct), RunEbbAsync(ct));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Its power is cut.
        }
    }

    /// <summary>The units ebb-control-plane and ebb-control-plane-follow: the one until it is through, the other for ever.</summary>
    private async Task RunProgramAsync(CancellationToken ct)
    {
        await _world.ServeMetadataAsync(_machine, ct);
        while (Read("/var/lib/ebb/control-plane-done") is null)
        {
            await StartProgramAsync([], ct);
            await Task.Delay(LookEvery, TimeProvider.System, ct);
        }

        while (true)
        {
            if (Began("follow") > 0)
            {
                await StartProgramAsync(["--follow"], ct);
            }

            await Task.Delay(LookEvery, TimeProvider.System, ct);
        }
    }

    private async Task StartProgramAsync(string[] arguments, CancellationToken ct)
    {
        var start = new ProcessStartInfo("/usr/bin/python3", ["-B", At(Program), .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment.Clear();
        foreach (var (name, value) in _world.Surroundings)
        {
            start.Environment[name] = value;
        }

        start.Environment["EBB_ROOT"] = _root;
        start.Environment["EBB_MACHINE"] = _machine.Name;
        start.Environment["PATH"] = $"{At("/commands")}:/usr/bin:/bin";
        start.Environment["PYTHONPATH"] = StandIns;
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
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

        Interrupted += process.ExitCode == 137 ? 1 : 0;
    }

    private void Hear(string? line)
    {
        if (line is not null)
        {
            lock (_said)
            {
                _said.AppendLine(line);
            }
        }
    }

    private async Task RunK3sAsync(CancellationToken ct)
    {
        var serves = 0;
        while (true)
        {
            if (Began("k3s") is var began && began != serves)
            {
                var authorities = new KubernetesAuthorities(At("/var/lib/rancher/k3s/server/tls"));
                var release = Read("/k3s-running")!.Trim();
                _kubernetes = serves == 0
                    ? await _world.Kubernetes.RunAsync(_machine, release, null, authorities, ct)
                    : await _world.Kubernetes.RunAnewAsync(_machine, release, null, authorities, ct);
                await _world.AnswerAsync(_machine, authorities, ct);
                Serves("k3s", serves = began);
            }

            await Task.Delay(LookEvery, TimeProvider.System, ct);
        }
    }

    private async Task RunEbbAsync(CancellationToken ct)
    {
        using var http = new HttpMessageInvoker(InstanceMetadata.NewHandler());
        var ground = _world.Ground;
        var metadata = new InstanceMetadata(http, ground.MetadataOf(_machine), TimeProvider.System, new Random(RandomNumberGenerator.GetInt32(int.MaxValue)));
        await using var service = new ControlPlaneService(
            _machine, new ControlPlaneDisk(_root), ground, _world.Kubernetes, cancel => metadata.TokenAsync(ground.Access.Endpoint, null, cancel), TimeProvider.System, NullLoggerFactory.Instance);
        var serves = 0;
        while (true)
        {
            if (_kubernetes is { } kubernetes && Began("ebb") is var began && began != serves)
            {
                await service.StartAsync(kubernetes, new KubernetesAuthorities(At("/var/lib/rancher/k3s/server/tls")), Read("/k3s-running")!.Trim());
                await service.UpAsync(ct);
                Serves("ebb", serves = began);
            }

            await Task.Delay(LookEvery, TimeProvider.System, ct);
        }
    }

    /// <summary>How often a unit was started.</summary>
    private int Began(string unit) => Read($"/units/{unit}.began") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : 0;

    private void Serves(string unit, int began)
    {
        Write($"/units/{unit}.next", $"{began}\n", "0644");
        File.Move(At($"/units/{unit}.next"), At($"/units/{unit}.serves"), overwrite: true);
    }

    private static string Unpack(byte[] customData)
    {
        // Packed where it would have been too large.
        using Stream stream = customData is [0x1f, 0x8b, ..] ? new GZipStream(new MemoryStream(customData), CompressionMode.Decompress) : new MemoryStream(customData);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
