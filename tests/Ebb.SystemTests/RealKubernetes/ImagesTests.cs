using System.Diagnostics;
using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>The images that eng/images.sh packs are what a container runtime takes.</summary>
public sealed class ImagesTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Theory]
    [InlineData("busybox.tar", "docker.io/library/busybox:stable", "bin/sh")]
    [InlineData("pause.tar", "ebb.local/pause:1", "bin/sleep")]
    public async Task An_image_is_a_whole_archive_of_what_its_manifest_says(string file, string tag, string program)
    {
        var archive = await ReadAsync(File.OpenRead(Path.Combine(await PackAsync(), file)));

        var manifest = JsonNode.Parse(archive["manifest.json"])![0]!;
        var config = archive[(string)manifest["Config"]!];
        var layer = archive[(string)Assert.Single(manifest["Layers"]!.AsArray())!];
        var files = await ReadAsync(new MemoryStream(layer));

        Assert.Contains(tag, manifest["RepoTags"]!.AsArray().Select(name => (string)name!));
        Assert.Equal(Digest(config) + ".json", (string)manifest["Config"]!);
        Assert.Equal("sha256:" + Digest(layer), (string)Assert.Single(JsonNode.Parse(config)!["rootfs"]!["diff_ids"]!.AsArray())!);
        Assert.Contains("./" + program, files.Keys);
        Assert.NotEmpty(files["./bin/busybox"]);
    }

    private static async Task<string> PackAsync()
    {
        var script = Path.Combine(Root(), "eng", "images.sh");
        using var process = Process.Start(new ProcessStartInfo(script) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        var folder = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        Assert.SkipWhen(process.ExitCode != 0, await error);
        return folder.Trim();
    }

    private static string Digest(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static async Task<Dictionary<string, byte[]>> ReadAsync(Stream stream)
    {
        await using var tar = new TarReader(stream);
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        while (await tar.GetNextEntryAsync(copyData: true) is { } entry)
        {
            using var content = new MemoryStream();
            await (entry.DataStream ?? Stream.Null).CopyToAsync(content);
            files[entry.Name] = content.ToArray();
        }

        return files;
    }

    private static string Root()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Ebb.slnx")))
        {
            at = at.Parent;
        }

        return at?.FullName ?? throw new InvalidOperationException("The tests do not lie inside the repository.");
    }
}
