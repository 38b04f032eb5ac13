using System.Text.Json;
using Ebb.Cli.ControlPlane.Backups;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>What a cluster held comes back from a file, or everything stays as it is.</summary>
public sealed class BackupTests(SandboxCluster cluster) : IClassFixture<SandboxCluster>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cluster_goes_back_to_what_its_backup_holds_and_whoever_watched_is_told()
    {
        cluster.Require();
        await cluster.KubectlAsync("create configmap kept --from-literal=a=1");
        await cluster.KubectlAsync("create secret generic hidden --from-literal=b=2");
        var file = cluster.File("farm.ebb");
        var made = JsonDocument.Parse((await cluster.EbbAsync($"backup {file} --json")).Good().Out).RootElement;
        Assert.Equal(new FileInfo(file).Length, made.GetProperty("bytes").GetInt64());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));

        await cluster.KubectlAsync("delete configmap kept");
        await cluster.KubectlAsync("delete secret hidden");
        await cluster.KubectlAsync("create configmap later");
        var seen = await cluster.KubectlAsync("get configmap later -o jsonpath={.metadata.resourceVersion}");
        (await cluster.EbbAsync($"restore {file}")).Good();

        Assert.Equal("1", await cluster.KubectlAsync("get configmap kept -o jsonpath={.data.a}"));
        Assert.Equal("Mg==", await cluster.KubectlAsync("get secret hidden -o jsonpath={.data.b}"));
        Assert.Contains("NotFound", (await cluster.TryKubectlAsync("get configmap later")).Error, StringComparison.Ordinal);
        var watch = await cluster.TryKubectlAsync(
            $"get --raw /api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=5&resourceVersion={seen}");
        Assert.Contains("too old resource version", watch.Out + watch.Error, StringComparison.Ordinal);

        // The controller, too: it sees what comes now, and there are machines for it.
        await cluster.AllHealthyAsync();
        await cluster.KubectlAsync("create job work --image=x -- sleep 1");
        await cluster.KubectlAsync("wait --for=condition=complete job/work --timeout=60s");
        await Shell.UntilAsync("a controller leads", SandboxCluster.Soon, async () =>
            JsonDocument.Parse((await cluster.EbbAsync("status --json")).Good().Out).RootElement
                .GetProperty("cluster").TryGetProperty("controller", out var leader) && leader.ValueKind is JsonValueKind.String);
    }

    [Fact]
    public async Task A_file_that_does_not_do_changes_nothing_and_says_why()
    {
        cluster.Require();
        var good = cluster.File("good.ebb");
        (await cluster.EbbAsync($"backup {good}")).Good();
        await cluster.KubectlAsync("create configmap stays");
        var bytes = await File.ReadAllBytesAsync(good, Ct);
        var flipped = (byte[])bytes.Clone();
        flipped[flipped.Length / 2] ^= 1;
        var processes = (await cluster.ComponentsAsync()).Select(component => component.GetProperty("processId").GetInt32()).ToList();

        await RefusedAsync(cluster.File("short.ebb"), bytes[..(bytes.Length / 2)], "is damaged");
        await RefusedAsync(cluster.File("flipped.ebb"), flipped, "is damaged");
        await RefusedAsync(cluster.File("random.ebb"), [.. Enumerable.Range(0, 9000).Select(i => (byte)(i * 31))], "is no backup");
        await RefusedAsync(cluster.File("later.ebb"), [.. "ebb-backup 2 "u8, .. bytes[13..]], "is a backup of format 2");
        await RefusedAsync("/dev/null", null, "is no backup");
        await RefusedAsync("/tmp", null, "is a directory");
        await RefusedAsync(cluster.File("nowhere.ebb"), null, "There is no");
        await ChangedAsync(good, cluster.File("other.ebb"), about => about with { Cluster = "another" });
        await RefusedAsync(cluster.File("other.ebb"), null, "is of another cluster");
        await ChangedAsync(good, cluster.File("newer.ebb"), about => about with { Kubernetes = "1.99.0" });
        await RefusedAsync(cluster.File("newer.ebb"), null, "was written by Kubernetes 1.99.0");
        await RefusedBackupAsync(good, "is there already. Choose another name, or say --force");
        await RefusedBackupAsync(cluster.File("short.ebb").Replace("short.ebb", "", StringComparison.Ordinal), "is a directory");
        await RefusedBackupAsync("/etc/hostname --force", "is there already, and is no backup");
        await RefusedBackupAsync("/nowhere/farm.ebb", "There is no directory '/nowhere'");

        Assert.Equal(processes, (await cluster.ComponentsAsync()).Select(component => component.GetProperty("processId").GetInt32()));
        await cluster.KubectlAsync("get configmap stays");
        Assert.Equal(["kubernetes"], Directory.EnumerateDirectories(cluster.Home).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_restored_cluster_that_does_not_work_gives_way_to_the_one_of_before()
    {
        cluster.Require();
        var good = cluster.File("before.ebb");
        (await cluster.EbbAsync($"backup {good}")).Good();
        await cluster.KubectlAsync("create configmap newer");
        var broken = cluster.File("broken.ebb");
        await ChangedAsync(good, broken, about => about, parts => File.WriteAllText(Path.Combine(parts, "encryption.yaml"), "kind: Nonsense\n"));

        var ran = await cluster.EbbAsync($"restore {broken}");

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("the one of before runs again", ran.Error, StringComparison.Ordinal);
        Assert.Contains("encryption", ran.Error, StringComparison.Ordinal);
        await cluster.KubectlAsync("get configmap newer");
        Assert.Equal(["kubernetes"], Directory.EnumerateDirectories(cluster.Home).Select(Path.GetFileName));
    }

    private async Task RefusedAsync(string file, byte[]? content, string says)
    {
        if (content is not null)
        {
            await File.WriteAllBytesAsync(file, content, Ct);
        }

        var ran = await cluster.EbbAsync($"restore {file}");

        Assert.Equal(2, ran.ExitCode);
        Assert.Contains(says, ran.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ran.Error, StringComparison.Ordinal);
    }

    private async Task RefusedBackupAsync(string arguments, string says)
    {
        var ran = await cluster.EbbAsync($"backup {arguments}");

        Assert.Equal(2, ran.ExitCode);
        Assert.Contains(says, ran.Error, StringComparison.Ordinal);
    }

    /// <summary>A backup like another but for something.</summary>
    private static async Task ChangedAsync(string from, string to, Func<BackupManifest, BackupManifest> about, Action<string>? parts = null)
    {
        var directory = Directory.CreateTempSubdirectory("ebb-parts-").FullName;
        try
        {
            var manifest = await BackupFile.ReadAsync(from, directory, Ct);
            parts?.Invoke(directory);
            var files = manifest.Parts.ToDictionary(part => part.Name, part => Path.Combine(directory, part.Name));
            await BackupFile.WriteAsync(to, about(manifest), files, Ct);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
