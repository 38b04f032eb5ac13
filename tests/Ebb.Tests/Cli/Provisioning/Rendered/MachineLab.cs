using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Cli.Clusters;

namespace Ebb.Tests.Cli.Provisioning.Rendered;

/// <summary>A directory that stands for a machine's root: cloud-config's files are written there, and its programs are run on it.</summary>
internal sealed class MachineLab : IDisposable
{
    private readonly string _commands;

    /// <param name="cloudConfig">Its files are written; nothing else of it is done.</param>
    public MachineLab(string cloudConfig)
    {
        Root = Directory.CreateTempSubdirectory("ebb-machine-").FullName;
        _commands = Directory.CreateDirectory(Path.Combine(Root, "commands")).FullName;
        foreach (var file in JsonSerializer.SerializeToNode(Yaml.ToJson(cloudConfig))!["write_files"]!.AsArray())
        {
            Write((string)file!["path"]!, (string)file["content"]!, (string?)file["permissions"] ?? "0644");
        }
    }

    public string Root { get; }

    /// <summary>Every command that was run in place of the real one, with what its environment said of k3s' installation.</summary>
    public string Ran => File.Exists(Path.Combine(Root, "ran")) ? File.ReadAllText(Path.Combine(Root, "ran")).Replace(Root, "", StringComparison.Ordinal) : "";

    public static void Require() =>
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "There is no python3, which every machine with cloud-init has.");

    public string At(string path) => Path.Combine(Root, path.TrimStart('/'));

    public string Read(string path) => File.ReadAllText(At(path));

    public string ModeOf(string path) => Convert.ToString((int)File.GetUnixFileMode(At(path)), 8);

    public void Write(string path, string content, string mode = "0644")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), content);
        File.SetUnixFileMode(At(path), (UnixFileMode)Convert.ToInt32(mode, 8));
    }

    public void Edit(string path, Action<JsonObject> edit)
    {
        var json = JsonNode.Parse(Read(path))!.AsObject();
        edit(json);
        Write(path, json.ToJsonString(), ModeOf(path));
    }

    /// <summary>Puts a command in place of the system's: it notes how it was called, and does no more than is said.</summary>
    public void Stub(string command, string then = "") => Write(Path.Combine("commands", command), Noting(command, then), "0755");

    /// <summary>A script that notes how it was called; it fails where there is a file that says so.</summary>
    public static string Noting(string name, string then = "") =>
        $"""
        #!/bin/sh
        [ ! -f "$EBB_ROOT/fail-{name}" ] || exit 1
        echo '{name}' "$@" >> "$EBB_ROOT/ran"
        env | grep '^INSTALL_K3S_\|^K3S_' | sort | sed 's/^/  /' >> "$EBB_ROOT/ran"
        {then}

        """;

    public async Task<(int Code, string Said)> RunAsync(string program, CancellationToken ct, params string[] arguments)
    {
        var start = new ProcessStartInfo("/usr/bin/python3", [At(program), .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            Environment = { ["EBB_ROOT"] = Root, ["PATH"] = $"{_commands}:/usr/bin:/bin" },
        };
        using var process = Process.Start(start)!;
        try
        {
            var (error, output) = (process.StandardError.ReadToEndAsync(ct), process.StandardOutput.ReadToEndAsync(ct));
            await process.WaitForExitAsync(ct);
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

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
